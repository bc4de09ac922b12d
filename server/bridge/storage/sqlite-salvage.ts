import { DatabaseSync, type SQLInputValue } from "node:sqlite";

/** What was taken over from a damaged file. */
export type Salvage = { readonly events: number; readonly messages: number; readonly error?: string };

type Row = Record<string, SQLInputValue>;

/** The windows of the last minute mean nothing to a new file, and the probe holds nothing. */
const LEFT = new Set(["sends", "probe"]);

/** Those whose messages were on the damaged pages, and those of an older schema, which did not tell. */
const endEvents = `UPDATE events SET ended_at = coalesce(settled_at, accepted_at) WHERE ended_at IS NULL AND NOT EXISTS (
  SELECT 1 FROM messages m
  WHERE m.event_id = events.event_id AND m.client = events.client AND m.state IN ('pending', 'sending'))`;

/**
 * Copies every readable row of a damaged database. Each table is read from both ends, so that one damaged page costs
 * only the rows on it and not all behind it. The file may be of an older schema: columns that are
 * not known any more are left out. Events come along, so that repeated ones are not sent twice.
 */
export function salvage(path: string, into: DatabaseSync): Salvage {
  const from = new DatabaseSync(path, { timeout: 0 });
  try {
    const copied = new Map(tablesOf(into).map((table) => [table, copyTable(from, into, table)]));
    into.exec("DELETE FROM messages WHERE state = 'sent'");
    into.exec("DELETE FROM files WHERE id NOT IN (SELECT file FROM messages WHERE file IS NOT NULL)");
    into.exec(endEvents);
    return { events: copied.get("events") ?? 0, messages: copied.get("messages") ?? 0 };
  } finally {
    from.close();
  }
}

function tablesOf(db: DatabaseSync): readonly string[] {
  const rows = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all();
  return rows.map(({ name }) => String(name)).filter((name) => !LEFT.has(name));
}

function copyTable(from: DatabaseSync, into: DatabaseSync, table: string): number {
  const columns = new Set(
    into
      .prepare(`PRAGMA table_info(${table})`)
      .all()
      .map(({ name }) => name),
  );
  into.exec("BEGIN IMMEDIATE");
  let copied = 0;
  for (const direction of ["ASC", "DESC"]) {
    // NOT INDEXED: an index may be damaged where the table is not.
    const sql = `SELECT * FROM ${table} NOT INDEXED ORDER BY rowid ${direction}`;
    for (const row of readable(from, sql)) copied += insert(into, table, known(row, columns));
  }
  into.exec("COMMIT");
  return copied;
}

/** Rows until the first error. */
function* readable(db: DatabaseSync, sql: string): Generator<Row> {
  try {
    for (const row of db.prepare(sql).iterate()) yield row as Row;
  } catch {
    // The rest is reached from the other end, or lost; the caller reports how many rows it got.
  }
}

function known(row: Row, columns: ReadonlySet<unknown>): Row {
  return Object.fromEntries(Object.entries(row).filter(([name]) => columns.has(name)));
}

/** 1 when the row is new; a row of damaged content does not fit the tables' checks and is left out. */
function insert(db: DatabaseSync, table: string, row: Row): number {
  const names = Object.keys(row);
  const sql = `INSERT OR IGNORE INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`;
  try {
    return Number(db.prepare(sql).run(...Object.values(row)).changes);
  } catch {
    return 0;
  }
}
