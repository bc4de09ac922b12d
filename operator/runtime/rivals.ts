import type { Client } from "./client.ts";
import type { Clock } from "./clock.ts";
import { type Lease, leaseType } from "./lease.ts";
import { resourcePath } from "./resource-type.ts";

export type RivalsOptions = {
  readonly client: Pick<Client, "request">;
  readonly clock: Clock;
  /** Finds the Leases of all processes of our kind, such as "app=name". */
  readonly labelSelector: string;
  /** The annotation of a Lease whose holder works in all namespaces. */
  readonly everywhere: { readonly annotation: string; readonly value: string };
  /** Whether a Lease is the one that this process shares with its replicas. */
  readonly isOwn: (namespace: string, name: string) => boolean;
  /** Another process started (or, without a holder, stopped) to work only in this namespace. */
  readonly onClaim: (namespace: string, holder: string | undefined) => void;
};

/** Another process that works in all namespaces. */
export type Rival = { readonly namespace: string; readonly holder: string; readonly acquireTime: string };

type Observed = { readonly resourceVersion: string; readonly at: number };

/**
 * Finds other operators in this cluster by the Leases that they hold. A Lease counts as live until it was seen unchanged for its
 * duration on our own clock.
 *
 * @example
 * ```ts
 * const rivals = new Rivals({
 *   client,
 *   clock,
 *   labelSelector: "app.kubernetes.io/name=example-operator",
 *   everywhere: { annotation: "example.io/namespaces", value: "*" },
 *   isOwn: (namespace, name) => namespace === "default" && name === "example-operator",
 *   onClaim: (namespace, holder) => logger.info({ namespace, holder }, "served by another"),
 * });
 * const first = await rivals.look(signal);
 * ```
 */
export class Rivals {
  readonly #options: RivalsOptions;
  #observed = new Map<string, Observed>();
  #claims = new Map<string, string>();

  constructor(options: RivalsOptions) {
    this.#options = options;
  }

  /** Who works only in this namespace, as of the last look. */
  claimant(namespace: string): string | undefined {
    return this.#claims.get(namespace);
  }

  /** Lists all Leases; returns the rival with the oldest claim. Throws what the client throws. */
  async look(signal: AbortSignal): Promise<Rival | undefined> {
    const live = (await this.#others(signal)).filter((lease) => this.#isLive(lease));
    const { annotation, value } = this.#options.everywhere;
    const isEverywhere = ({ metadata }: Lease) => metadata.annotations?.[annotation] === value;
    this.#setClaims(
      new Map(live.filter((lease) => !isEverywhere(lease)).map((lease) => [spaceOf(lease), holderOf(lease)])),
    );
    return live
      .filter(isEverywhere)
      .map((lease) => ({
        namespace: spaceOf(lease),
        holder: holderOf(lease),
        acquireTime: lease.spec.acquireTime ?? "",
      }))
      .sort((a, b) => (precedes(a, b) ? -1 : 1))[0];
  }

  async #others(signal: AbortSignal): Promise<Lease[]> {
    const { client, clock, labelSelector, isOwn } = this.#options;
    const { items } = await client.request<{ items: Lease[] | null }>({
      method: "GET",
      path: resourcePath(leaseType),
      query: { labelSelector },
      signal,
    });
    const others = (items ?? []).filter((lease) => !isOwn(spaceOf(lease), lease.metadata.name ?? ""));
    const now = clock.monotonic();
    this.#observed = new Map(
      others.map((lease) => {
        const { resourceVersion = "" } = lease.metadata;
        const before = this.#observed.get(idOf(lease));
        return [idOf(lease), before?.resourceVersion === resourceVersion ? before : { resourceVersion, at: now }];
      }),
    );
    return others;
  }

  #isLive(lease: Lease): boolean {
    const durationMs = (lease.spec?.leaseDurationSeconds ?? 0) * 1000;
    const seenAt = this.#observed.get(idOf(lease))?.at ?? 0;
    return holderOf(lease) !== "" && seenAt + durationMs > this.#options.clock.monotonic();
  }

  #setClaims(claims: Map<string, string>): void {
    const before = this.#claims;
    this.#claims = claims;
    for (const namespace of new Set([...before.keys(), ...claims.keys()])) {
      const holder = claims.get(namespace);
      if (holder !== before.get(namespace)) this.#options.onClaim(namespace, holder);
    }
  }
}

/**
 * Whose claim is older. All observers get the same order, whatever their clocks say.
 *
 * @example
 * ```ts
 * const [first] = rivalsFound.toSorted((a, b) => (precedes(a, b) ? -1 : 1));
 * ```
 */
export function precedes(a: Omit<Rival, "holder">, b: Omit<Rival, "holder">): boolean {
  return a.acquireTime === b.acquireTime ? a.namespace < b.namespace : a.acquireTime < b.acquireTime;
}

const spaceOf = ({ metadata }: Lease) => metadata.namespace ?? "";
const holderOf = ({ spec }: Lease) => spec?.holderIdentity ?? "";
const idOf = (lease: Lease) => `${spaceOf(lease)}/${lease.metadata.name}`;
