import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";

export type QueueFacts = {
  readonly schemaVersion: number;
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** Messages that wait for delivery. */
  readonly waiting: number;
};

/** What is in a queue's file, which is only read. Throws when it is damaged or none. */
export function factsOf(path: string): QueueFacts {
  const url = pathToFileURL(path);
  url.search = "?immutable=1";
  const db = new DatabaseSync(url, { readOnly: true });
  try {
    const verdict = Object.values(db.prepare("PRAGMA quick_check(1)").get() ?? {})[0];
    if (verdict !== "ok") throw new Error(String(verdict));
    return { schemaVersion: numberOf(db, "PRAGMA user_version"), rows: rowsOf(db), waiting: waitingIn(db) };
  } finally {
    db.close();
  }
}

function rowsOf(db: DatabaseSync): Record<string, number> {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all();
  const names = tables.map(({ name }) => String(name)).sort();
  return Object.fromEntries(names.map((name) => [name, numberOf(db, `SELECT count(*) FROM "${name}"`)]));
}

const waitingIn = (db: DatabaseSync) =>
  numberOf(db, "SELECT count(*) FROM messages WHERE state IN ('pending', 'sending')");

function numberOf(db: DatabaseSync, sql: string): number {
  return Number(Object.values(db.prepare(sql).get() ?? {})[0]);
}
