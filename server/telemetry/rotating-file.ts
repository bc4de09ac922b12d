import { constants, writeSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { rotate } from "./rotation.ts";

/** What waits for a disk that is behind; then the newest lines are left out. */
const MAX_WAITING_BYTES = 1024 * 1024;
const WRITE_BYTES = 64 * 1024;
/** Until a file that cannot be written is tried again. */
const ABSENCE_MS = 5_000;
const FINISH_MS = 1_000;

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;

export type RotatingFileOptions = {
  readonly path: string;
  /** A file is followed by the next one before it becomes larger; a single line may be. */
  readonly maxBytes: number;
  /** With the one that is written. */
  readonly maxFiles: number;
  /** What the name of a full file ends with. */
  readonly stamp: () => string;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Is told once that lines are left out, with the reason, and once that they are not any more, with their number. */
  readonly onChange: (news: FileNews) => void;
};

export type FileNews = { readonly reason: string } | { readonly lines: number };

/**
 * A log file that is renamed when it is full. Whoever writes never waits and never fails: what cannot be written is left
 * out and counted, and the file is tried again from time to time. Looked at before each write, so that a file that somebody
 * removed, renamed or emptied, or that another process has rotated, is no obstacle, and several processes may share it.
 */
export class RotatingFile {
  readonly #options: RotatingFileOptions;
  #handle: FileHandle | undefined;
  #lines: string[] = [];
  #waitingBytes = 0;
  #work: Promise<void> | undefined;
  #absentUntil = Number.NEGATIVE_INFINITY;
  #isFailing = false;
  #lost = 0;

  constructor(options: RotatingFileOptions) {
    this.#options = options;
  }

  /**
   * Rejects with what the file system says, if the file cannot be written. That the disk is full, which may pass, is told
   * by the first line.
   */
  async open(): Promise<void> {
    await this.#reopen().catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOSPC" && error.code !== "EDQUOT") throw error;
    });
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#options.now() < this.#absentUntil || this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      this.#lost += 1;
      return;
    }
    this.#lines.push(line);
    this.#waitingBytes += bytes;
    // The lines of one turn of the event loop are one write.
    this.#work ??= new Promise<void>((resolve) => setImmediate(() => resolve(this.#writeAll())));
  }

  /** Resolves when nothing waits any more, or after a second. */
  async settled(): Promise<void> {
    const timeout = Promise.withResolvers<void>();
    const timer = setTimeout(timeout.resolve, FINISH_MS);
    await Promise.race([this.#work, timeout.promise]);
    clearTimeout(timer);
  }

  /** For the end of the process. */
  async close(): Promise<void> {
    await this.settled();
    // Of a disk that does not answer nothing is awaited.
    if (this.#work !== undefined) return;
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  /** For a process that ends at once: writes what waits. */
  finish(): void {
    const text = this.#lines.join("");
    this.#lines = [];
    if (text === "" || this.#handle === undefined) return;
    try {
      writeSync(this.#handle.fd, text);
    } catch {
      // There is nobody left to tell.
    }
  }

  async #writeAll(): Promise<void> {
    try {
      do {
        while (this.#lines.length > 0) await this.#append(this.#next());
        // That may be one more line.
        this.#tellRecovery();
      } while (this.#lines.length > 0);
      this.#work = undefined;
    } catch (error) {
      this.#work = undefined;
      this.#giveUp(error as NodeJS.ErrnoException);
    }
  }

  #next(): { readonly bytes: Buffer; readonly lines: number } {
    const most = Math.min(WRITE_BYTES, this.#options.maxBytes);
    let size = 0;
    let count = 0;
    for (const line of this.#lines) {
      size += Buffer.byteLength(line);
      if (count > 0 && size > most) break;
      count += 1;
    }
    const lines = this.#lines.splice(0, count);
    const bytes = Buffer.from(lines.join(""));
    this.#waitingBytes -= bytes.length;
    return { bytes, lines: count };
  }

  async #append({ bytes, lines }: { readonly bytes: Buffer; readonly lines: number }): Promise<void> {
    try {
      const { handle, size } = await this.#fileFor(bytes.length);
      await appendTo(handle, bytes, size);
    } catch (error) {
      this.#lost += lines;
      throw error;
    }
  }

  /** The file at the path, with room for so many bytes. */
  async #fileFor(bytes: number): Promise<{ readonly handle: FileHandle; readonly size: number }> {
    const { path, maxBytes, maxFiles, stamp } = this.#options;
    const [there, own] = await Promise.all([stat(path).catch(() => undefined), this.#handle?.stat()]);
    const isSame = there !== undefined && there.ino === own?.ino && there.dev === own.dev;
    const handle = isSame && this.#handle !== undefined ? this.#handle : await this.#reopen();
    const { size } = isSame ? there : await handle.stat();
    if (size === 0 || size + bytes <= maxBytes) return { handle, size };
    await rotate(path, maxFiles, stamp());
    const next = await this.#reopen();
    return { handle: next, size: (await next.stat()).size };
  }

  async #reopen(): Promise<FileHandle> {
    const before = this.#handle;
    this.#handle = undefined;
    await before?.close();
    this.#handle = await openLog(this.#options.path);
    return this.#handle;
  }

  #giveUp(error: NodeJS.ErrnoException): void {
    this.#absentUntil = this.#options.now() + ABSENCE_MS;
    this.#lost += this.#lines.length;
    this.#lines = [];
    this.#waitingBytes = 0;
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#options.onChange({ reason: error.code ?? error.message });
  }

  #tellRecovery(): void {
    const lines = this.#lost;
    this.#isFailing = false;
    this.#lost = 0;
    if (lines > 0) this.#options.onChange({ lines });
  }
}

/** A symbolic link could lead into any file, and a pipe would hold up whoever writes. */
async function openLog(path: string): Promise<FileHandle> {
  const handle = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw Object.assign(new Error("it is not a regular file"), { code: "EINVAL" });
    if ((stats.mode & 0o077) !== 0) await handle.chmod(0o600);
    if (stats.size > 0 && (await lastByte(handle, stats.size)) !== "\n") await handle.write("\n");
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** What a process that was killed has left behind may end in the middle of a line. */
async function lastByte(handle: FileHandle, size: number): Promise<string> {
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString("latin1");
}

/** Appends all or, unless somebody else writes there as well, nothing: half a line is of no use to those who read lines. */
async function appendTo(handle: FileHandle, bytes: Buffer, size: number): Promise<void> {
  let written = 0;
  try {
    while (written < bytes.length) written += (await handle.write(bytes, written)).bytesWritten;
  } catch (error) {
    if (written > 0 && (await handle.stat()).size === size + written) await handle.truncate(size);
    throw error;
  }
}
