import type { Client } from "./client.ts";
import type { Clock } from "./clock.ts";
import type { KubernetesObject } from "./kubernetes-object.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import type { ResourceType } from "./resource-type.ts";
import type { Store, Stored } from "./store.ts";

export type Change<T> =
  | { readonly type: "added"; readonly before?: undefined; readonly after: T; readonly initial: boolean }
  | { readonly type: "updated"; readonly before: T; readonly after: T; readonly initial: boolean }
  | { readonly type: "deleted"; readonly before: T; readonly after?: undefined; readonly initial: boolean };

export type ReflectorOptions = {
  /** A watch on which nothing came for this long is given up and resumed. Bookmarks come about once a minute. Default 90 s. */
  readonly stallTimeoutMs?: number;
  /** The resource may be missing (its CRD is not installed): then the reflector counts as synced, with an empty store. */
  readonly optional?: boolean;
  /** How often a missing optional resource is looked for besides `recheck()`. Default 10 min. */
  readonly optionalPollMs?: number;
  /** Objects per page of a list. Default 500. */
  readonly pageSize?: number;
  /** Backoff after errors. Default 0.8 s to 30 s. */
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number };
  /** How long the server may keep a watch. Default 300 to 600 s. */
  readonly watchTimeoutSeconds?: { readonly min: number; readonly max: number };
};

export type ReflectorParts<T extends Stored> = {
  readonly client: Client;
  readonly type: ResourceType;
  /** Default: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Asks the server for metadata alone: objects come without spec, data and status. */
  readonly metadataOnly?: boolean;
  /** Keeps of an object what the controller needs. Called once per event. */
  readonly reduce: (object: KubernetesObject) => T;
  readonly store: Store<T>;
  readonly onChange: (change: Change<T>) => void;
  readonly clock: Clock;
  /** In [0, 1), as Math.random. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "reflectorLists" | "reflectorWatches" | "reflectorWatchStalls" | "reflectorErrors">;
  readonly options?: ReflectorOptions;
};

/** Keeps a store equal to a collection of the API server: list, then watch, for ever. */
export class Reflector<T extends Stored> {
  /** Resolves when the first list is in the store (or an optional resource is known to be missing). */
  readonly synced: Promise<void>;

  /** For health checks and metrics: "deployments.apps". */
  readonly resource: string;

  constructor(parts: ReflectorParts<T>) {
    this.resource = parts.type.plural;
    this.synced = Promise.resolve();
  }

  get hasSynced(): boolean {
    return false;
  }

  /** True while an optional resource is missing. */
  get absent(): boolean {
    return false;
  }

  /** When the server was last heard of, on the monotonic clock; undefined before the first answer. */
  get lastContactAt(): number | undefined {
    return undefined;
  }

  /** Milliseconds without a word from the server; 0 while an optional resource is missing. */
  get silentMs(): number {
    return 0;
  }

  /** Looks again for a missing optional resource. Call it when a CRD appears. */
  recheck(): void {}

  /** Resolves after the signal aborts; never rejects. */
  run(_signal: AbortSignal): Promise<void> {
    throw new Error("not yet");
  }
}
