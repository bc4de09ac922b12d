/** What waits for a reader that is behind; then the newest lines are left out. */
const MAX_WAITING_BYTES = 1024 * 1024;
const RETRY_MS = 50;
/** Until a reader that has gone away is looked for again: the end of a named pipe may be opened anew. */
const ABSENCE_MS = 1_000;
const FINISH_MS = 1_000;
const FINISH_RETRY_MS = 10;
const NEWLINE = 0x0a;

export type LogOutputOptions = {
  /** Writes what fits now, without waiting, and returns the number of bytes. Throws what `fs.writeSync` throws. */
  readonly write: (bytes: Uint8Array) => number;
  /** Does the work when this turn of the event loop is over. */
  readonly soon: (work: () => void) => void;
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
 * Log lines for a reader that may be slow, stop or go away: whoever writes is never held up. The lines of one turn of the
 * event loop are one write, because under load each write would cost as much as the answer to a request. A process that is
 * killed has logged all but its last turn. A reader that is behind finds up to 1 MiB of lines waiting, and then, or while
 * there is no reader, lines are left out and counted.
 */
export class LogOutput {
  readonly #options: LogOutputOptions;
  /** Lines that nobody has tried to write yet. */
  #lines: string[] = [];
  /** What was tried and did not fit: the end of a line, and whole ones. */
  #rest: Uint8Array = new Uint8Array();
  #waitingBytes = 0;
  #isDue = false;
  #absentUntil = Number.NEGATIVE_INFINITY;
  #lost = 0;

  constructor(options: LogOutputOptions) {
    this.#options = options;
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (!this.#mayWait(bytes)) {
      this.#lost += 1;
      return;
    }
    this.#lines.push(line);
    this.#waitingBytes += bytes;
    if (this.#isDue) return;
    this.#isDue = true;
    this.#options.soon(this.#due);
  }

  /** For the end of the process: waits for a reader that is behind, for a second at most. */
  finish(): void {
    const deadline = this.#options.now() + FINISH_MS;
    while (!this.#flush() && this.#options.now() < deadline) this.#options.pause(FINISH_RETRY_MS);
  }

  readonly #due = (): void => {
    this.#isDue = false;
    if (this.#flush()) return;
    this.#isDue = true;
    this.#options.later(this.#due, RETRY_MS);
  };

  #mayWait(bytes: number): boolean {
    if (this.#options.now() < this.#absentUntil) return false;
    const fits = () => this.#waitingBytes === 0 || this.#waitingBytes + bytes <= MAX_WAITING_BYTES;
    if (fits()) return true;
    // A turn may log much and the reader be there all the same.
    if (this.#rest.length === 0) this.#flush();
    return fits();
  }

  /** Whether nothing waits any more. */
  #flush(): boolean {
    try {
      do {
        while (this.#waitingBytes > 0) this.#written(this.#options.write(this.#next()));
        // That is one more line.
        this.#tellLost();
      } while (this.#waitingBytes > 0);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return false;
      this.#giveUp();
      return true;
    }
  }

  #next(): Uint8Array {
    if (this.#rest.length === 0) {
      this.#rest = Buffer.from(this.#lines.join(""));
      this.#lines = [];
    }
    return this.#rest;
  }

  #written(count: number): void {
    this.#waitingBytes -= count;
    this.#rest = this.#rest.subarray(count);
  }

  #giveUp(): void {
    this.#absentUntil = this.#options.now() + ABSENCE_MS;
    this.#lost += this.#lines.length + this.#rest.filter((byte) => byte === NEWLINE).length;
    this.#lines = [];
    this.#rest = new Uint8Array();
    this.#waitingBytes = 0;
  }

  #tellLost(): void {
    const lost = this.#lost;
    this.#lost = 0;
    if (lost > 0) this.#options.onLost(lost);
  }
}
