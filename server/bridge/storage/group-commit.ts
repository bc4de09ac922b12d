import type { DatabaseSync, StatementSync } from "node:sqlite";
import { isStorageFailure } from "./sqlite-error.ts";

type Write = { readonly run: () => void; readonly resolve: () => void; readonly reject: (error: unknown) => void };

/**
 * Runs writes that arrive together in one transaction, because the fsync of a commit costs far more than the writes.
 * Every caller is answered after the commit: what is answered survives a power failure.
 */
export class GroupCommit {
  readonly #db: DatabaseSync;
  readonly #onFailure: (error: unknown) => void;
  /** They are run for each write. */
  readonly #sql: Readonly<Record<"savepoint" | "release" | "rollback", StatementSync>>;
  #waiting: Write[] = [];
  #scheduled = false;

  /** `onFailure` is told of every failed transaction, before the callers are. */
  constructor(db: DatabaseSync, onFailure: (error: unknown) => void) {
    this.#db = db;
    this.#onFailure = onFailure;
    this.#sql = {
      savepoint: db.prepare("SAVEPOINT write"),
      release: db.prepare("RELEASE write"),
      rollback: db.prepare("ROLLBACK TO write"),
    };
  }

  submit<T>(operation: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      let value: T;
      const run = () => {
        value = operation();
      };
      this.#waiting.push({ run, resolve: () => resolve(value), reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => this.flush());
    });
  }

  /** Commits what is waiting, now. */
  flush(): void {
    this.#scheduled = false;
    const group = this.#waiting;
    this.#waiting = [];
    if (group.length === 0) return;
    let settle: readonly (() => void)[];
    try {
      settle = this.#commit(group);
    } catch (error) {
      if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec("ROLLBACK");
      this.#onFailure(error);
      settle = group.map(
        ({ reject }) =>
          () =>
            reject(error),
      );
    }
    for (const each of settle) each();
  }

  #commit(group: readonly Write[]): readonly (() => void)[] {
    this.#db.exec("BEGIN IMMEDIATE");
    const settle = group.map((write) => this.#attempt(write));
    this.#db.exec("COMMIT");
    return settle;
  }

  /** A write that cannot be done must not take its neighbours with it; a failing disk does. */
  #attempt(write: Write): () => void {
    this.#sql.savepoint.run();
    try {
      write.run();
      this.#sql.release.run();
      return write.resolve;
    } catch (error) {
      if (isStorageFailure(error)) throw error;
      this.#sql.rollback.run();
      this.#sql.release.run();
      return () => write.reject(error);
    }
  }
}
