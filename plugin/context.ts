import type { Cluster } from "./cluster/cluster.ts";
import type { Files } from "./files.ts";
import type { Terminal } from "./terminal/terminal.ts";

/** What a command works with: all its effects. */
export type Context = {
  /** Reads the kubeconfig when it is first asked for. */
  readonly cluster: () => Cluster;
  readonly terminal: Terminal;
  readonly files: Files;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** Resolves after so many milliseconds; rejects when the command is interrupted. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
};
