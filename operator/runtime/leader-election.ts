import { isConflict } from "./api-error.ts";
import type { Client } from "./client.ts";
import type { Clock } from "./clock.ts";
import { type Lease, type LeaseSpec, LeaseStore, microTime } from "./lease.ts";
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

/** A lease that cannot be given back runs out by itself: no reason to delay the shutdown. */
const releaseTimeoutMs = 2_000;

/**
 * Makes one process of several the leader, by a Lease, with the rules of client-go: a lease has run out when this
 * process has seen it unchanged for its duration on its own clock. The times in the Lease are for people, since the
 * clock of another node may be wrong.
 */
export class LeaderElection {
  readonly #options: LeaderElectionOptions & Required<Pick<LeaderElectionOptions, DurationName>>;
  readonly #lease: LeaseStore;
  #observed: Lease | undefined;
  #observedAt = 0;
  /** The Lease as our last renewal left it: it serves as the next read, one request for each renewal, not two. */
  #held: Lease | undefined;
  #leading = false;

  constructor(options: LeaderElectionOptions) {
    this.#options = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000, ...options };
    this.#lease = new LeaseStore(options.client, options.namespace, options.name);
    this.#show(false);
  }

  get isLeader(): boolean {
    return this.#leading;
  }

  /** Who held the lease when it was last read; "" after a release. */
  get leader(): string | undefined {
    return this.#observed?.spec.holderIdentity;
  }

  /**
   * Waits for the lease, leads, and gives the lease back when `onStartedLeading` has returned. Resolves with "stopped"
   * after the signal aborted, with "lost" when the lease could not be kept: the process should then end. Rejects with
   * what `onStartedLeading` throws.
   */
  async run(signal: AbortSignal): Promise<"stopped" | "lost"> {
    if (!(await this.#acquire(signal))) return "stopped";
    const leadership = new AbortController();
    const stop = () => leadership.abort();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    this.#show(true);
    const work = this.#options.onStartedLeading(leadership.signal);
    try {
      const kept = await this.#renewWhile(work);
      leadership.abort();
      await work;
      if (kept) await this.#release();
      return kept ? "stopped" : "lost";
    } finally {
      signal.removeEventListener("abort", stop);
      this.#show(false);
    }
  }

  async #acquire(signal: AbortSignal): Promise<boolean> {
    const { clock, retryPeriodMs, renewDeadlineMs, random, logger, name, identity } = this.#options;
    while (!signal.aborted) {
      if (await this.#tryToHold(renewDeadlineMs / 2)) {
        logger.info({ lease: name, identity }, "became the leader");
        return true;
      }
      // client-go's jitter: followers must not ask in step.
      await clock.sleep(retryPeriodMs * (1 + random() * 1.2), signal);
    }
    return false;
  }

  /** Renews until the work ends (true) or the lease is lost (false). The lease stays ours while the work winds up. */
  async #renewWhile(work: Promise<void>): Promise<boolean> {
    const { clock, retryPeriodMs, renewDeadlineMs, logger, name, identity } = this.#options;
    const ended = new AbortController();
    const settle = () => ended.abort();
    work.then(settle, settle);
    let renewedAt = clock.monotonic();
    while (true) {
      await clock.sleep(retryPeriodMs, ended.signal);
      if (ended.signal.aborted) return true;
      const triedAt = clock.monotonic();
      if (triedAt - renewedAt >= renewDeadlineMs) break;
      const leftMs = renewedAt + renewDeadlineMs - triedAt;
      if (await this.#tryToHold(Math.min(leftMs, renewDeadlineMs / 2))) renewedAt = triedAt;
      else if (this.#isHeldByAnother() || clock.monotonic() - renewedAt >= renewDeadlineMs) break;
    }
    logger.error({ lease: name, identity, holder: this.leader }, "lost the leadership");
    return false;
  }

  /**
   * Takes or renews the lease if that is allowed now. A try must end well before the deadline, so that a lost packet
   * leaves time for another one, and none outlives it.
   */
  async #tryToHold(limitMs: number): Promise<boolean> {
    const { clock, logger, name, identity } = this.#options;
    const limit = new AbortController();
    const timer = clock.setTimeout(() => limit.abort(new Error(`no answer within ${limitMs} ms`)), limitMs);
    try {
      return await this.#hold(limit.signal);
    } catch (error) {
      // Someone else may have been quicker, or the write may have arrived: what was read is history.
      this.#held = undefined;
      if (!isConflict(error)) logger.warn({ lease: name, identity, err: error }, "could not take or renew the lease");
      return false;
    } finally {
      timer.cancel();
    }
  }

  async #hold(signal: AbortSignal): Promise<boolean> {
    const { clock, identity } = this.#options;
    const current = this.#held ?? (await this.#read(signal));
    const startedAt = clock.monotonic();
    if (current === undefined) {
      this.#observe(await this.#lease.create(this.#renewed(undefined), signal), startedAt);
      return true;
    }
    if (current.spec.holderIdentity !== identity && this.#isValid(current.spec)) return false;
    this.#observe(await this.#lease.update(current, this.#renewed(current.spec), signal), startedAt);
    return true;
  }

  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    const lease = await this.#lease.read(signal);
    if (lease !== undefined) this.#observe(lease, this.#options.clock.monotonic());
    return lease;
  }

  #observe(lease: Lease, at: number): void {
    const before = this.#observed;
    this.#held = lease.spec.holderIdentity === this.#options.identity ? lease : undefined;
    if (before?.metadata.resourceVersion === lease.metadata.resourceVersion) return;
    this.#observed = lease;
    this.#observedAt = at;
    const holder = lease.spec.holderIdentity ?? "";
    if (holder !== "" && holder !== before?.spec.holderIdentity) this.#options.onNewLeader?.(holder);
  }

  #isValid(spec: LeaseSpec): boolean {
    if (!spec.holderIdentity) return false;
    const durationMs = (spec.leaseDurationSeconds ?? 0) * 1000;
    return this.#observedAt + durationMs > this.#options.clock.monotonic();
  }

  #isHeldByAnother(): boolean {
    const holder = this.#observed?.spec.holderIdentity;
    return holder !== undefined && holder !== "" && holder !== this.#options.identity;
  }

  #renewed(before: LeaseSpec | undefined): LeaseSpec {
    const { identity, leaseDurationMs, clock } = this.#options;
    const now = microTime(clock.now());
    const ours = before?.holderIdentity === identity;
    const transitions = before?.leaseTransitions ?? 0;
    return {
      ...before,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: (ours ? before?.acquireTime : undefined) ?? now,
      renewTime: now,
      leaseTransitions: before === undefined ? 0 : ours ? transitions : transitions + 1,
    };
  }

  /** So that the next leader need not wait for the lease to run out. */
  async #release(): Promise<void> {
    const { clock, logger, name, identity } = this.#options;
    const lease = this.#held;
    if (lease === undefined) return;
    const now = microTime(clock.now());
    try {
      const spec = { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1, acquireTime: now, renewTime: now };
      this.#observe(await this.#lease.update(lease, spec, AbortSignal.timeout(releaseTimeoutMs)), clock.monotonic());
      logger.info({ lease: name, identity }, "released the lease");
    } catch (error) {
      logger.warn({ lease: name, identity, err: error }, "could not release the lease; it will run out");
    }
  }

  #show(leading: boolean): void {
    this.#leading = leading;
    this.#options.metrics.leaderElectionMasterStatus.set({ name: this.#options.name }, leading ? 1 : 0);
  }
}

type DurationName = "leaseDurationMs" | "renewDeadlineMs" | "retryPeriodMs";
