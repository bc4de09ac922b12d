import { closeSync, fstatSync, openSync, read, statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { RefusedError } from "../refused-error.ts";

const readAt = promisify(read);
const CHUNK = 256 * 1024;
/** SQLite's own default. */
const PAGES_PER_CHECKPOINT = 1000;

/** The database's file as it was at one moment, while commits go on. */
export type Frozen = {
  readonly bytes: number;
  /** Reads the file from its beginning to its end. */
  chunks(): AsyncGenerator<Buffer>;
  /** Bytes of the commits since then, which the file takes over later. */
  behind(): number;
  /** Commits reach the file again. */
  thaw(): void;
};

/**
 * Freezes the file of a database in WAL mode. Everything is written into it once, as SQLite does every thousand pages anyway; from
 * then on commits stay in the write-ahead log, so that the file can be read in peace by nobody but this process, which has it locked.
 */
export class FrozenFile {
  readonly #db: DatabaseSync;
  readonly #path: string;
  /** Closing any descriptor of the file would give up the locks that this process has on it: it stays open. */
  #descriptor: number | undefined;

  constructor(db: DatabaseSync, path: string) {
    this.#db = db;
    this.#path = path;
  }

  /** Between two transactions. Throws `RefusedError` while something else reads, and what SQLite throws for a failing disk. */
  freeze(): Frozen {
    const { busy } = this.#db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get() ?? {};
    if (busy !== 0) throw new RefusedError("backup_under_way", "The queue's file is being read.", 1);
    this.#descriptor ??= openSync(this.#path, "r");
    this.#db.exec("PRAGMA wal_autocheckpoint = 0");
    const { size: bytes } = fstatSync(this.#descriptor);
    return {
      bytes,
      chunks: () => chunksOf(this.#descriptor, bytes),
      behind: () => statSync(`${this.#path}-wal`, { throwIfNoEntry: false })?.size ?? 0,
      thaw: () => {
        if (this.#db.isOpen) this.#db.exec(`PRAGMA wal_autocheckpoint = ${PAGES_PER_CHECKPOINT}`);
      },
    };
  }

  /** After the database: its locks do not count any more. */
  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

async function* chunksOf(descriptor: number | undefined, bytes: number): AsyncGenerator<Buffer> {
  for (let position = 0; position < bytes; ) {
    if (descriptor === undefined) throw new Error("the queue's file is closed");
    const length = Math.min(CHUNK, bytes - position);
    const { bytesRead, buffer } = await readAt(descriptor, Buffer.allocUnsafe(length), 0, length, position);
    if (bytesRead === 0) throw new Error("the queue's file has become shorter");
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
