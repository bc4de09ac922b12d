import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { RefusedError } from "../refused-error.ts";

const PROBE_EVERY_MS = 1_000;
const PROBE_BYTES = 256 * 1024;
/** Kept free for the records of delivery: a queue that cannot note what it sent cannot get empty either. */
const RESERVE_BYTES = 8 * 1024 * 1024;

export type StorageHooks = {
  /** Writes and deletes so many bytes; throws when it cannot. */
  readonly probe: (bytes: number) => void;
  readonly onChange: (error: string | undefined) => void;
};

/** Whether the disk takes what the queue writes; after a failure it tries once a second until it does again. */
export class StorageState {
  readonly #directory: string;
  readonly #hooks: StorageHooks;
  #error: string | undefined;
  #broken = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string, hooks: StorageHooks) {
    this.#directory = dirname(path);
    this.#hooks = hooks;
  }

  get error(): string | undefined {
    return this.#error;
  }

  /** True when waiting does not help: the next start repairs the file. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Throws when nothing new should be taken. */
  requireRoom(): void {
    if (this.#error === undefined && !this.#hasReserve()) this.#fail("less space is left than delivery may need");
    if (this.#error !== undefined) {
      throw new RefusedError("queue_unusable", `The queue takes nothing now: ${this.#error}.`, 5);
    }
  }

  failed(error: unknown, broken: boolean): void {
    this.#broken ||= broken;
    this.#fail(error instanceof Error ? error.message : String(error));
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  #fail(reason: string): void {
    if (this.#error === undefined) this.#hooks.onChange(reason);
    this.#error = reason;
    if (this.#broken) this.stop();
    if (!this.#stopped) this.#timer ??= setInterval(() => this.#try(), PROBE_EVERY_MS);
  }

  #try(): void {
    try {
      if (!this.#hasReserve()) return;
      this.#hooks.probe(PROBE_BYTES);
    } catch {
      return;
    }
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#error = undefined;
    this.#hooks.onChange(undefined);
  }

  /** A twentieth of small volumes. */
  #hasReserve(): boolean {
    try {
      const { bavail, blocks, bsize } = statfsSync(this.#directory);
      return bavail * bsize >= Math.min(RESERVE_BYTES, (blocks * bsize) / 20);
    } catch {
      return false;
    }
  }
}
