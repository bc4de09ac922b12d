import { statfsSync } from "node:fs";
import type { VolumeStatus } from "../../../contract/bridge-status.ts";

export type VolumeSize = Pick<VolumeStatus, "size_bytes" | "free_bytes">;

export type VolumeOptions = {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Throws when the file system cannot be asked. */
  readonly read: () => VolumeSize;
};

/** A reading stays right for so many milliseconds. */
const freshMs = 5_000;
/** Between two readings that are remembered. */
const sampleMs = 15 * 60_000;
/** What fills a volume in less than that may be a moment's burst. */
const leastMs = 3_600_000;
const dayMs = 86_400_000;

/** How full the volume of the queue is, and how fast it has filled within the last day; what was seen before a start is forgotten. */
export class Volume {
  readonly #options: VolumeOptions;
  #seen: readonly { readonly at: number; readonly free: number }[] = [];
  #last: { readonly at: number; readonly status: VolumeStatus } | undefined;

  constructor(options: VolumeOptions) {
    this.#options = options;
  }

  /** Undefined when the file system does not tell. */
  status(): VolumeStatus | undefined {
    const at = this.#options.now();
    if (this.#last !== undefined && at - this.#last.at < freshMs) return this.#last.status;
    const size = this.#read();
    if (size === undefined) return undefined;
    // A volume that was grown begins anew: the jump is nobody's deletion.
    if (this.#last !== undefined && this.#last.status.size_bytes !== size.size_bytes) this.#seen = [];
    this.#remember(at, size.free_bytes);
    const growth = this.#growth(at, size.free_bytes);
    const status = { ...size, ...(growth !== undefined && { growth_bytes_per_day: growth }) };
    this.#last = { at, status };
    return status;
  }

  #read(): VolumeSize | undefined {
    try {
      return this.#options.read();
    } catch {
      return undefined;
    }
  }

  #remember(at: number, free: number): void {
    const newest = this.#seen.at(-1);
    if (newest !== undefined && at - newest.at < sampleMs) return;
    this.#seen = [...this.#seen.filter((seen) => at - seen.at <= dayMs), { at, free }];
  }

  #growth(at: number, free: number): number | undefined {
    const [oldest] = this.#seen;
    if (oldest === undefined || at - oldest.at < leastMs) return undefined;
    return Math.max(0, Math.round(((oldest.free - free) * dayMs) / (at - oldest.at)));
  }
}

/** The file system that holds this folder. */
export const fileSystemOf = (folder: string) => (): VolumeSize => {
  const { bavail, blocks, bsize } = statfsSync(folder);
  return { size_bytes: blocks * bsize, free_bytes: bavail * bsize };
};
