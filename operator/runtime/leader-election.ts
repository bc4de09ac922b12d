import type { Client } from "./client.ts";
import type { Clock } from "./clock.ts";
import { HeldLease } from "./held-lease.ts";
import type { LeaseMarks } from "./lease.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import { precedes, type Rival } from "./rivals.ts";

export type LeaderElectionOptions = {
  readonly client: Client;
  /**
   * The namespaces in which a Lease must be held. None: the process leads without a Lease, as long as `rivals` finds nobody.
   */
  readonly namespaces: readonly string[];
  /** Name of the Lease. */
  readonly name: string;
  /** Labels and annotations of the Lease. Default: none. */
  readonly marks?: LeaseMarks;
  /** Identity of this process; must differ between processes, also between two lives of one pod. */
  readonly identity: string;
  /** Finds another leader that holds another Lease. Default: there is none. */
  readonly rivals?: (signal: AbortSignal) => Promise<Rival | undefined>;
  /** Runs while this process leads. The signal aborts at shutdown and when the lease is lost. */
  readonly onStartedLeading: (signal: AbortSignal) => Promise<void>;
  /** How long it holds the Leases before it starts, so that others have seen them. Default 0. */
  readonly noticeMs?: number;
  readonly clock: Clock;
  /** In [0, 1), as Math.random. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "leaderElectionMasterStatus">;
  /** Others may take over a lease that was not renewed for this long. Default 15 s. */
  readonly leaseDurationMs?: number;
  /** The leader gives up when it could not renew the lease for this long. Default 10 s. */
  readonly renewDeadlineMs?: number;
  /** Default 2 s. */
  readonly retryPeriodMs?: number;
};

type Defaulted = "marks" | "rivals" | "noticeMs" | "leaseDurationMs" | "renewDeadlineMs" | "retryPeriodMs";

const defaults: Required<Pick<LeaderElectionOptions, Defaulted>> = {
  marks: { labels: {}, annotations: {} },
  rivals: async () => undefined,
  noticeMs: 0,
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2_000,
};

/**
 * Elects one of several processes: among replicas by a Lease that they share, among others by listing their Leases. A candidate
 * first claims and then looks for other claims, so that of two that claim at the same time at least one sees the other. The one
 * with the later claim withdraws, and nobody starts while another claim is live. A waiting process writes nothing.
 *
 * @example
 * ```ts
 * const election = new LeaderElection({
 *   client,
 *   namespaces: ["default"],
 *   name: "example-operator",
 *   identity: "example-operator-7d9c_1",
 *   onStartedLeading: (signal) => controller.run(signal),
 *   clock,
 *   random: Math.random,
 *   logger,
 *   metrics,
 * });
 * if ((await election.run(signal)) === "lost") process.exit(1);
 * ```
 */
export class LeaderElection {
  readonly #options: LeaderElectionOptions & typeof defaults;
  readonly #leases: readonly HeldLease[];
  /** Our claim is older than another one: the other has one round of time to withdraw. */
  #patient = false;
  #toldOf: string | undefined;
  /** When the lease was last taken or renewed, on the monotonic clock; undefined while this process does not lead. */
  #renewedAt: number | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = { ...defaults, ...options };
    const durationMs = this.#options.leaseDurationMs;
    // In the same order for all, so that two candidates for several Leases never wait for each other.
    this.#leases = [...options.namespaces]
      .sort()
      .map((namespace) => new HeldLease({ ...this.#options, namespace, durationMs }));
    this.#show(false);
  }

  /** Who held the lease when it was last read; "" after a release. */
  get leader(): string | undefined {
    return this.#leases[0]?.holder;
  }

  /** Whether this process leads and nobody else can, even if it has just been stopped for a while. */
  get mayWrite(): boolean {
    if (this.#renewedAt === undefined) return false;
    const { clock, renewDeadlineMs } = this.#options;
    return this.#leases.length === 0 || clock.monotonic() - this.#renewedAt < renewDeadlineMs;
  }

  /**
   * Waits for the lease, leads, and releases the lease when `onStartedLeading` has returned. Resolves with "stopped"
   * after the signal aborted, with "lost" when the lease could not be kept: the process should then end. Rejects with
   * what `onStartedLeading` throws.
   */
  async run(signal: AbortSignal): Promise<"stopped" | "lost"> {
    const claimedAt = await this.#acquire(signal);
    if (claimedAt === undefined) {
      await this.#release();
      return "stopped";
    }
    const leadership = new AbortController();
    const stop = () => leadership.abort();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    this.#show(true);
    this.#renewedAt = claimedAt;
    const work = this.#lead(leadership.signal);
    try {
      const kept = await this.#renewWhile(work, claimedAt);
      if (!kept) this.#renewedAt = undefined;
      leadership.abort();
      await work;
      if (kept) await this.#release();
      return kept ? "stopped" : "lost";
    } finally {
      signal.removeEventListener("abort", stop);
      this.#renewedAt = undefined;
      this.#show(false);
    }
  }

  async #lead(signal: AbortSignal): Promise<void> {
    const { clock, noticeMs, onStartedLeading } = this.#options;
    if (noticeMs > 0) await clock.sleep(noticeMs, signal);
    await onStartedLeading(signal);
  }

  /** When the lease was taken, on the monotonic clock; undefined when the signal aborted before. */
  async #acquire(signal: AbortSignal): Promise<number | undefined> {
    const { clock, retryPeriodMs, random, logger, name, identity } = this.#options;
    while (!signal.aborted) {
      const startedAt = clock.monotonic();
      if (await this.#claim()) {
        logger.info({ lease: name, identity }, "became the leader");
        return startedAt;
      }
      // client-go's jitter: followers must not ask at the same moments.
      await clock.sleep(retryPeriodMs * (1 + random() * 1.2), signal);
    }
    return undefined;
  }

  /** True when we may lead: our claim is the only one. */
  async #claim(): Promise<boolean> {
    const { logger, name, identity } = this.#options;
    try {
      if (!this.#patient && (await this.#mustWait())) return false;
      if (!(await this.#holdAll(this.#tryMs))) return await this.#withdraw();
      const rival = await this.#look();
      if (rival === undefined) return true;
      this.#tell(rival.namespace, rival.holder);
      if (this.#patient || precedes(rival, this.#ownClaim())) return await this.#withdraw();
      this.#patient = true;
    } catch (error) {
      logger.warn({ lease: name, identity, err: error }, "could not tell who leads");
    }
    return false;
  }

  /** Looks without writing. */
  async #mustWait(): Promise<boolean> {
    const rival = await this.#look();
    if (rival !== undefined) {
      this.#tell(rival.namespace, rival.holder);
      return true;
    }
    const free = await this.#within(this.#tryMs, (signal) =>
      Promise.all(this.#leases.map((lease) => lease.isFree(signal))),
    );
    const taken = this.#leases[free.indexOf(false)];
    if (taken !== undefined) this.#tell(taken.namespace, taken.holder ?? "");
    return taken !== undefined;
  }

  async #withdraw(): Promise<false> {
    this.#patient = false;
    await this.#release();
    return false;
  }

  /** Renews until the work ends (true) or the lease is lost (false). The lease is renewed while the work stops. */
  async #renewWhile(work: Promise<void>, claimedAt: number): Promise<boolean> {
    const { clock, retryPeriodMs, renewDeadlineMs, logger, name, identity } = this.#options;
    const ended = new AbortController();
    const settle = () => ended.abort();
    work.then(settle, settle);
    let renewedAt = claimedAt;
    while (true) {
      await clock.sleep(retryPeriodMs, ended.signal);
      if (ended.signal.aborted) return true;
      const triedAt = clock.monotonic();
      if (triedAt - renewedAt >= renewDeadlineMs) break;
      const leftMs = renewedAt + renewDeadlineMs - triedAt;
      const [held, rival] = await Promise.all([this.#holdAll(Math.min(leftMs, this.#tryMs)), this.#lookAgain()]);
      if (this.#leases.length === 0 && rival !== undefined) {
        this.#tell(rival.namespace, rival.holder);
        break;
      }
      if (held) this.#renewedAt = renewedAt = triedAt;
      else if (this.#isHeldByAnother() || clock.monotonic() - renewedAt >= renewDeadlineMs) break;
    }
    logger.error({ lease: name, identity, holder: this.leader }, "lost the leadership");
    return false;
  }

  async #holdAll(limitMs: number): Promise<boolean> {
    const held = await this.#within(limitMs, (signal) =>
      Promise.all(this.#leases.map((lease) => lease.tryToHold(signal))),
    );
    return held.every(Boolean);
  }

  #look(): Promise<Rival | undefined> {
    return this.#within(this.#tryMs, (signal) => this.#options.rivals(signal));
  }

  /** A leader looks for the sake of others' claims; that it cannot is no reason to stop. */
  async #lookAgain(): Promise<Rival | undefined> {
    try {
      return await this.#look();
    } catch (error) {
      this.#options.logger.debug({ err: error }, "could not look for others");
      return undefined;
    }
  }

  /** A try must end well before the deadline, so that a lost packet leaves time for another one, and none outlives it. */
  async #within<T>(limitMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const limit = new AbortController();
    const abort = () => limit.abort(new Error(`no answer within ${limitMs} ms`));
    const timer = this.#options.clock.setTimeout(abort, limitMs);
    try {
      return await work(limit.signal);
    } finally {
      timer.cancel();
    }
  }

  get #tryMs(): number {
    return this.#options.renewDeadlineMs / 2;
  }

  #ownClaim() {
    const [lease] = this.#leases;
    return { namespace: lease?.namespace ?? "", acquireTime: lease?.acquireTime ?? "" };
  }

  #isHeldByAnother(): boolean {
    return this.#leases.some(({ isHeldByAnother }) => isHeldByAnother);
  }

  async #release(): Promise<void> {
    await Promise.all(this.#leases.map((lease) => lease.release()));
  }

  /** Says once who leads. */
  #tell(namespace: string, holder: string): void {
    const leader = `${namespace}/${holder}`;
    if (this.#toldOf === leader) return;
    this.#toldOf = leader;
    this.#options.logger.info({ leader, identity: this.#options.identity }, "another one leads; this one waits");
  }

  #show(leading: boolean): void {
    this.#options.metrics.leaderElectionMasterStatus.set({ name: this.#options.name }, leading ? 1 : 0);
  }
}
