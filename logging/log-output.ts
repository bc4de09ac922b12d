/** What waits for a reader that is behind; then the newest lines are left out. */
const MAX_WAITING_BYTES = 1024 * 1024;
const RETRY_MS = 50;
/** Until a reader that has gone away is looked for again: the end of a named pipe may be opened anew. */
const ABSENCE_MS = 1_000;
const FINISH_MS = 1_000;
const FINISH_RETRY_MS = 10;

export type LogOutputOptions = {
  /** Writes what fits now, without waiting, and returns the number of bytes. Throws what `fs.writeSync` throws. */
  readonly write: (bytes: Uint8Array) => number;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Does the work after so many milliseconds, if the process still runs then. */
  readonly later: (work: () => void, delayMs: number) => void;
  /** Stops everything for so many milliseconds. */
  readonly pause: (delayMs: number) => void;
  /** Is told, once lines are read again, how many were left out. */
  readonly onLost: (lines: number) => void;
};

/**
 * Log lines for a reader that may be slow, stop or go away: whoever writes is never held up. Lines are written at once, so
 * that also a process that is killed has logged them. A reader that is behind finds up to 1 MiB of lines waiting, and then,
 * or while there is no reader, lines are left out and counted.
 */
export class LogOutput {
  readonly #options: LogOutputOptions;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #retrying = false;
  #absentUntil = Number.NEGATIVE_INFINITY;
  #lost = 0;

  constructor(options: LogOutputOptions) {
    this.#options = options;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (!this.#mayWait(bytes.length)) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (!this.#retrying) this.#flush();
  }

  /** For the end of the process: waits for a reader that is behind, for a second at most. */
  finish(): void {
    const deadline = this.#options.now() + FINISH_MS;
    this.#flush();
    while (this.#waiting.length > 0 && this.#options.now() < deadline) {
      this.#options.pause(FINISH_RETRY_MS);
      this.#flush();
    }
  }

  #mayWait(bytes: number): boolean {
    if (this.#options.now() < this.#absentUntil) return false;
    return this.#waiting.length === 0 || this.#waitingBytes + bytes <= MAX_WAITING_BYTES;
  }

  #flush(): void {
    try {
      while (this.#waiting[0] !== undefined) this.#written(this.#options.write(this.#waiting[0]), this.#waiting[0]);
      this.#tellLost();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") this.#retry();
      else this.#giveUp();
    }
  }

  #written(count: number, bytes: Buffer): void {
    this.#waitingBytes -= count;
    if (count < bytes.length) this.#waiting[0] = bytes.subarray(count);
    else this.#waiting.shift();
  }

  #retry(): void {
    if (this.#retrying) return;
    this.#retrying = true;
    this.#options.later(() => {
      this.#retrying = false;
      this.#flush();
    }, RETRY_MS);
  }

  #giveUp(): void {
    this.#absentUntil = this.#options.now() + ABSENCE_MS;
    this.#lost += this.#waiting.length;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
  }

  #tellLost(): void {
    const lost = this.#lost;
    this.#lost = 0;
    if (lost > 0) this.#options.onLost(lost);
  }
}
