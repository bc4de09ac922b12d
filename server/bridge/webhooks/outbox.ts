import type { DatabaseSync } from "node:sqlite";
import type { Store } from "../storage/store.ts";

export type Call = { readonly id: number; readonly body: string; readonly attempts: number };

/** Calls that wait, of which the oldest go when there are more. */
const KEPT = 10_000;

/** Calls that wait, in the bridge's file. */
export class Outbox {
  readonly #store: Store;
  readonly #sql: ReturnType<typeof prepareOutbox>;

  constructor(store: Store) {
    this.#store = store;
    this.#sql = prepareOutbox(store.db);
  }

  /** Adds a call to the transaction of the write that calls it. */
  add(body: string, at: number): void {
    const row = this.#sql.add.get(body, at);
    this.#sql.dropOld.run(Number(row?.id) - KEPT);
  }

  /** The first that may be made; its time when that is later. */
  first(): (Call & { readonly notBefore: number }) | undefined {
    const row = this.#sql.first.get();
    if (row === undefined) return undefined;
    const { id, body, attempts, next_at } = row;
    return { id: Number(id), body: String(body), attempts: Number(attempts), notBefore: Number(next_at) };
  }

  done(id: number): Promise<void> {
    return this.#store.write(() => void this.#sql.done.run(id));
  }

  again(id: number, notBefore: number): Promise<void> {
    return this.#store.write(() => void this.#sql.again.run(notBefore, id));
  }
}

function prepareOutbox(db: DatabaseSync) {
  return {
    add: db.prepare("INSERT INTO webhook_calls (body, next_at) VALUES (?, ?) RETURNING id"),
    dropOld: db.prepare("DELETE FROM webhook_calls WHERE id <= ?"),
    first: db.prepare("SELECT id, body, attempts, next_at FROM webhook_calls ORDER BY next_at, id LIMIT 1"),
    done: db.prepare("DELETE FROM webhook_calls WHERE id = ?"),
    again: db.prepare("UPDATE webhook_calls SET attempts = attempts + 1, next_at = ? WHERE id = ?"),
  };
}
