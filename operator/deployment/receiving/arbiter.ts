import type { ObjectKey } from "../../runtime/controller.ts";
import type { CachedResource } from "../cache/cached-objects.ts";
import type { Polling } from "../cache/cluster.ts";
import type { TokenSecrets } from "../references/token-secret.ts";
import { arbitrate, type Claim, type Poller, type Verdict } from "./arbitration.ts";
import { asksToReceive } from "./asking.ts";
import { PodTokens } from "./pod-tokens.ts";

type Parts = {
  readonly cluster: {
    /** The resources that ask to receive. */
    claimants(): readonly CachedResource[];
    /** What reads updates now, or soon will. */
    pollers(): readonly Polling[];
  };
  readonly tokenSecrets: Pick<TokenSecrets, "fingerprint">;
  /** Whether this operator writes the resource's children. */
  readonly mayWrite: (resource: CachedResource) => boolean;
  readonly enqueue: (key: ObjectKey) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/**
 * Decides which resource receives what people say to a bot. It keeps fingerprints of tokens in memory only: after a restart
 * everything is read from the cluster again.
 */
export class Arbiter {
  readonly #parts: Parts;
  readonly #podTokens = new PodTokens();
  /** The last claim of each resource, by uid. */
  readonly #claims = new Map<string, Claim>();
  /** The resource that was last told to receive, by token: its StatefulSet may not be written yet. */
  readonly #granted = new Map<string, Claim>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The verdict for a resource; undefined if it does not ask to receive. */
  async verdict(resource: CachedResource): Promise<Verdict | undefined> {
    if (!asksToReceive(resource.spec)) {
      this.#remember(resource.uid, undefined);
      return undefined;
    }
    const [claims, pollers] = await Promise.all([this.#readClaims(), this.#readPollers()]);
    // From here on nothing is awaited: two resources that are looked at together cannot both be told to receive.
    const known = claims.filter(isClaim);
    const own = known.find(({ uid }) => uid === resource.uid);
    this.#remember(resource.uid, own);
    if (own === undefined) return { state: claims.includes(unreadable) ? "Unknown" : "StandsAside" };
    const verdict = arbitrate(own, known, [...pollers, ...this.#granted.values()]);
    if (verdict.state !== "Receives") return verdict;
    // Another resource whose token cannot be read may be the one that receives.
    if (claims.includes(unreadable) && this.#granted.get(own.token)?.uid !== own.uid) return { state: "Unknown" };
    this.#granted.set(own.token, own);
    return verdict;
  }

  /** What the verdict asks for has been written: from now on the cluster shows what the resource reads. */
  written({ uid }: CachedResource, verdict: Verdict | undefined): void {
    const token = verdict?.state === "Receives" ? this.#claims.get(uid)?.token : undefined;
    for (const [granted, claim] of this.#granted) {
      if (claim.uid === uid && granted !== token) this.#granted.delete(granted);
    }
  }

  /** The resource is gone, is going, or is another operator's. */
  forget(uid: string): void {
    for (const [token, claim] of this.#granted) if (claim.uid === uid) this.#granted.delete(token);
    this.#remember(uid, undefined);
  }

  /** All resources of a token are looked at again when one of them comes, goes, or has another token. */
  #remember(uid: string, claim: Claim | undefined): void {
    const before = this.#claims.get(uid);
    if (before?.token === claim?.token) return;
    if (claim) this.#claims.set(uid, claim);
    else this.#claims.delete(uid);
    for (const { uid: other, token, namespace, name } of this.#claims.values()) {
      if (other !== uid && (token === before?.token || token === claim?.token)) {
        this.#parts.enqueue({ namespace, name });
      }
    }
  }

  #readClaims(): Promise<(Claim | undefined | typeof unreadable)[]> {
    const { cluster, mayWrite, tokenSecrets } = this.#parts;
    return Promise.all(
      cluster
        .claimants()
        .filter((resource) => !resource.deleting && mayWrite(resource))
        .map(async ({ namespace, name, uid, createdAt, spec }) => {
          try {
            const token = await tokenSecrets.fingerprint(namespace, spec.telegram.botTokenSecretRef);
            return token === undefined ? undefined : { namespace, name, uid, createdAt, token };
          } catch {
            return unreadable;
          }
        }),
    );
  }

  async #readPollers(): Promise<Poller[]> {
    const { cluster, tokenSecrets, now } = this.#parts;
    const pollers = await Promise.all(
      cluster.pollers().map(async (polling) => ({
        ...polling,
        current: await tokenSecrets.fingerprint(polling.namespace, polling.ref).catch(() => undefined),
      })),
    );
    this.#podTokens.keep(new Set(cluster.pollers().flatMap(({ pod }) => pod ?? [])));
    return pollers.flatMap(({ namespace, name, pod, current }) => {
      const tokens = pod === undefined ? withoutNone(current) : this.#podTokens.of(pod, current, now());
      return tokens.map((token) => ({ namespace, name, token }));
    });
  }
}

const withoutNone = (token: string | undefined) => (token === undefined ? [] : [token]);

/** Stands for the claim of a resource whose Secret could not be read. */
const unreadable = Symbol("unreadable");

const isClaim = (claim: Claim | undefined | typeof unreadable): claim is Claim =>
  claim !== undefined && claim !== unreadable;
