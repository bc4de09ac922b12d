import type { Client } from "./client.ts";
import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";

export type LeaderElectionOptions = {
  readonly client: Client;
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** Of this process; must differ between processes, also between two lives of one pod. */
  readonly identity: string;
  /** Runs while this process leads. The signal aborts at shutdown and when the lease is lost. */
  readonly onStartedLeading: (signal: AbortSignal) => Promise<void>;
  readonly onNewLeader?: (identity: string) => void;
  readonly clock: Clock;
  /** In [0, 1), as Math.random. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "leaderElectionMasterStatus">;
  /** Others may take a lease over that was not renewed for this long. Default 15 s. */
  readonly leaseDurationMs?: number;
  /** The leader gives up when it could not renew for this long. Default 10 s. */
  readonly renewDeadlineMs?: number;
  /** Default 2 s. */
  readonly retryPeriodMs?: number;
};

/** Makes one process of several the leader, by a Lease, with the rules of client-go. */
export class LeaderElection {
  constructor(_options: LeaderElectionOptions) {}

  get isLeader(): boolean {
    return false;
  }

  /**
   * Waits for the lease, leads, and gives the lease back. Resolves with "stopped" after the signal
   * aborted, with "lost" when the lease could not be kept: the process should then end.
   */
  run(_signal: AbortSignal): Promise<"stopped" | "lost"> {
    throw new Error("not yet");
  }
}
