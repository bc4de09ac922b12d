import type { Client } from "./client.ts";
import type { Clock } from "./clock.ts";
import type { KubernetesObject } from "./kubernetes-object.ts";
import { Limiter } from "./limiter.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import type { Change } from "./mirror.ts";
import type { ResourceType } from "./resource-type.ts";
import type { Store, Stored } from "./store.ts";

export type ReflectorOptions = {
  /** A watch without any event for this long is closed and resumed. Default 90 s: bookmarks come about once a minute. */
  readonly stallTimeoutMs?: number;
  /** The resource may be missing (its CRD is not installed): then the reflector counts as synced, with an empty store. */
  readonly optional?: boolean;
  /** How often to check for a missing optional resource, besides `recheck()`. Default 10 min. */
  readonly optionalPollMs?: number;
  /** Objects per page of a list. Default 50. */
  readonly pageSize?: number;
  /** Shared by reflectors: how many of them may hold a page at a time. Default: all. */
  readonly paging?: Limiter;
  /** Backoff after errors. Default 0.8 s to 30 s. */
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number };
  /** How long the server may keep a watch; a random value between the two. Default 300 to 600 s. */
  readonly watchTimeoutSeconds?: { readonly min: number; readonly max: number };
};

export type ReflectorParts<T extends Stored> = {
  readonly client: Client;
  readonly type: ResourceType;
  /** Default: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Requests only metadata: objects come without spec, data and status. */
  readonly metadataOnly?: boolean;
  /** Reduces an object to what the controller needs. Called once per event. */
  readonly reduce: (object: KubernetesObject) => T;
  readonly store: Store<T>;
  readonly onChange: (change: Change<T>) => void;
  /** An optional resource was installed, or removed, since the first list. */
  readonly onPresence?: (present: boolean) => void;
  readonly clock: Clock;
  /** In [0, 1), as Math.random. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "reflectorLists" | "reflectorWatches" | "reflectorWatchStalls" | "reflectorErrors">;
  readonly options?: ReflectorOptions;
};

/**
 * The options with their defaults.
 *
 * @example
 * ```ts
 * completeOptions({ pageSize: 500 }).stallTimeoutMs; // => 90000
 * ```
 */
export function completeOptions(options: ReflectorOptions = {}): Required<ReflectorOptions> {
  return {
    stallTimeoutMs: 90_000,
    optional: false,
    optionalPollMs: 600_000,
    pageSize: 50,
    paging: new Limiter(Number.POSITIVE_INFINITY),
    backoff: { baseMs: 800, maxMs: 30_000 },
    watchTimeoutSeconds: { min: 300, max: 600 },
    ...options,
  };
}
