import { isConflict } from "./api-error.ts";
import type { Client } from "./client.ts";
import type { Clock } from "./clock.ts";
import { type Lease, type LeaseMarks, type LeaseSpec, LeaseStore, microTime } from "./lease.ts";
import type { Logger } from "./logger.ts";

export type HeldLeaseOptions = {
  readonly client: Client;
  readonly namespace: string;
  readonly name: string;
  /** Identity of this process; must differ between processes, also between two lives of one pod. */
  readonly identity: string;
  readonly marks: LeaseMarks;
  /** Others may take the lease over when it was not renewed for this long. */
  readonly durationMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
};

/** A lease that cannot be released expires by itself: no reason to delay the shutdown. */
const releaseTimeoutMs = 2_000;

/**
 * One Lease that this process holds or wants to hold, with the rules of client-go: a lease has expired when this process
 * has seen it unchanged for its duration on its own clock. The times in the Lease are for people, since the clock of
 * another node may be wrong.
 *
 * @example
 * ```ts
 * const lease = new HeldLease({
 *   client,
 *   namespace: "default",
 *   name: "example-operator",
 *   identity: "example-operator-7d9c_1",
 *   marks: { labels: {}, annotations: {} },
 *   durationMs: 15_000,
 *   clock,
 *   logger,
 * });
 * if (await lease.tryToHold(signal)) await lease.release();
 * ```
 */
export class HeldLease {
  readonly namespace: string;
  readonly #options: HeldLeaseOptions;
  readonly #store: LeaseStore;
  #observed: Lease | undefined;
  #observedAt = 0;
  /** What the next write replaces: as last read, or as our last write left it, so that a renewal costs one request, not two. */
  #current: Lease | undefined;

  constructor(options: HeldLeaseOptions) {
    this.namespace = options.namespace;
    this.#options = options;
    this.#store = new LeaseStore(options.client, options.namespace, options.name, options.marks);
  }

  /** Who held the lease when it was last read; "" after a release. */
  get holder(): string | undefined {
    return this.#observed?.spec.holderIdentity;
  }

  /** When its present holder took it, as MicroTime; "" when nobody has. */
  get acquireTime(): string {
    return this.#observed?.spec.acquireTime ?? "";
  }

  get isHeldByAnother(): boolean {
    return Boolean(this.holder) && this.holder !== this.#options.identity;
  }

  /** Reads the lease; returns whether this process may write it now. Throws what the client throws. */
  async isFree(signal: AbortSignal): Promise<boolean> {
    this.#current = await this.#store.read(signal);
    if (this.#current !== undefined) this.#observe(this.#current, this.#options.clock.monotonic());
    return this.#current === undefined || !this.isHeldByAnother || !this.#isValid(this.#current.spec);
  }

  /** Takes or renews the lease if that is allowed now. False, with a line in the log, when there was no answer. */
  async tryToHold(signal: AbortSignal): Promise<boolean> {
    const { logger, name, identity } = this.#options;
    try {
      if (this.#current?.spec.holderIdentity !== identity && !(await this.isFree(signal))) return false;
      await this.#write(signal);
      return true;
    } catch (error) {
      // Another process may have been faster, or the write may have arrived: what was read is outdated.
      this.#current = undefined;
      if (!isConflict(error)) logger.warn({ lease: name, identity, err: error }, "could not take or renew the lease");
      return false;
    }
  }

  /** So that the next holder need not wait for the lease to expire. */
  async release(): Promise<void> {
    const { clock, logger, name, identity } = this.#options;
    const lease = this.#current;
    if (lease?.spec.holderIdentity !== identity) return;
    const now = microTime(clock.now());
    const spec = { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1, acquireTime: now, renewTime: now };
    try {
      this.#current = await this.#store.update(lease, spec, AbortSignal.timeout(releaseTimeoutMs));
      this.#observe(this.#current, clock.monotonic());
      logger.info({ lease: name, identity }, "released the lease");
    } catch (error) {
      this.#current = undefined;
      logger.warn({ lease: name, identity, err: error }, "could not release the lease; it will expire");
    }
  }

  async #write(signal: AbortSignal): Promise<void> {
    const startedAt = this.#options.clock.monotonic();
    const before = this.#current;
    const spec = this.#renewed(before?.spec);
    this.#current = await (before ? this.#store.update(before, spec, signal) : this.#store.create(spec, signal));
    this.#observe(this.#current, startedAt);
  }

  #observe(lease: Lease, at: number): void {
    if (this.#observed?.metadata.resourceVersion === lease.metadata.resourceVersion) return;
    this.#observed = lease;
    this.#observedAt = at;
  }

  #isValid(spec: LeaseSpec): boolean {
    const durationMs = (spec.leaseDurationSeconds ?? 0) * 1000;
    return this.#observedAt + durationMs > this.#options.clock.monotonic();
  }

  #renewed(before: LeaseSpec | undefined): LeaseSpec {
    const { identity, durationMs, clock } = this.#options;
    const now = microTime(clock.now());
    const ours = before?.holderIdentity === identity;
    const transitions = before?.leaseTransitions ?? 0;
    return {
      ...before,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(durationMs / 1000),
      acquireTime: (ours ? before?.acquireTime : undefined) ?? now,
      renewTime: now,
      leaseTransitions: before === undefined ? 0 : ours ? transitions : transitions + 1,
    };
  }
}
