import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Frozen, FrozenFile } from "./frozen-file.ts";
import { GroupCommit } from "./group-commit.ts";
import { isCorruption, refusalOf } from "./sqlite-error.ts";
import { type Damage, openFile } from "./sqlite-file.ts";
import { StorageState } from "./storage-state.ts";

export type StoreOptions = {
  /** The database file; its directory is made when missing. */
  readonly path: string;
  /** Steady milliseconds since the epoch. */
  readonly now: () => number;
  /** Told when a damaged file was replaced. */
  readonly onDamage?: (damage: Damage) => void;
  /** Told of files that everybody could read; they are closed. */
  readonly onExposed?: (files: readonly string[]) => void;
  /** Told when the storage fails and when it is back. */
  readonly onStorageChange?: (error: string | undefined) => void;
};

/**
 * One SQLite file with one writer. A write's promise resolves after an fsync, shared by concurrent writers; it rejects with
 * `RefusedError` when the storage cannot take it, and then nothing was changed.
 */
export class Store {
  readonly db: DatabaseSync;
  /** What was wrong with the file that was found; it was replaced. */
  readonly damage: Damage | undefined;
  readonly #commits: GroupCommit;
  readonly #state: StorageState;
  readonly #file: FrozenFile;
  readonly #fill: StatementSync;
  readonly #empty: StatementSync;
  readonly #rereaders: (() => void)[] = [];

  constructor({ path, now, onDamage, onExposed, onStorageChange }: StoreOptions) {
    const { db, damage, exposed } = openFile(path, now());
    this.db = db;
    this.damage = damage;
    this.#file = new FrozenFile(db, path);
    this.#fill = db.prepare("INSERT INTO probe (filler) VALUES (zeroblob(?))");
    this.#empty = db.prepare("DELETE FROM probe");
    this.#commits = new GroupCommit(db, (error) => this.#onFailure(error));
    this.#state = new StorageState(path, {
      probe: (bytes) => this.#probe(bytes),
      onChange: (error) => onStorageChange?.(error),
    });
    if (exposed.length > 0) onExposed?.(exposed);
    if (damage !== undefined) onDamage?.(damage);
  }

  /** Why nothing can be written now. */
  get error(): string | undefined {
    return this.#state.error;
  }

  /** True when only a restart can help. */
  get broken(): boolean {
    return this.#state.broken;
  }

  /** Throws when nothing new should be taken. */
  requireRoom(): void {
    this.#state.requireRoom();
  }

  /** Told after a failed commit: what it wrote is undone, and what is in memory of it has to be read again. */
  onUndone(reread: () => void): void {
    this.#rereaders.push(reread);
  }

  /** The file with everything that was answered until now. Throws `RefusedError` when that cannot be had. */
  freeze(): Frozen {
    try {
      return this.#file.freeze();
    } catch (error) {
      throw refusalOf(error);
    }
  }

  async write<T>(operation: () => T): Promise<T> {
    try {
      return await this.#commits.submit(operation);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  close(): void {
    if (!this.db.isOpen) return;
    this.#state.stop();
    this.#commits.flush();
    try {
      this.db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // On a full disk the commits stay in the WAL, where the next start finds them.
    }
    this.db.close();
    this.#file.close();
  }

  /** Two commits: within one SQLite would not write the filler at all. */
  #probe(bytes: number): void {
    this.#fill.run(bytes);
    this.#empty.run();
  }

  #onFailure(error: unknown): void {
    this.#state.failed(error, isCorruption(error));
    for (const reread of this.#rereaders) {
      try {
        reread();
      } catch {
        // Not readable either; what is known is of before the failure, near enough until it is repaired.
      }
    }
  }
}
