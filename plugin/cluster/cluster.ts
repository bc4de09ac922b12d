import type { Api } from "./api.ts";
import type { Dial } from "./port-forward.ts";

/** What commands need of a cluster. */
export type Cluster = {
  readonly api: Api;
  /** The option's, else that of the context, else default. */
  readonly namespace: string;
  readonly dial: Dial;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
};
