import type { DatabaseSync } from "node:sqlite";

/** Every statement of the todos, prepared once. */
export function prepareTodos(db: DatabaseSync) {
  const columns = "client, session, at, todos";
  return {
    // A replaced row gets a new id: they are in order of registration.
    register: db.prepare("INSERT OR REPLACE INTO todo_sessions (client, session, at, todos) VALUES (?, ?, ?, ?)"),
    end: db.prepare("DELETE FROM todo_sessions WHERE client = ? AND session = ?"),
    dropOld: db.prepare("DELETE FROM todo_sessions WHERE at < ?"),
    dropBeyond: db.prepare(
      `DELETE FROM todo_sessions WHERE id IN (
         SELECT id FROM (
           SELECT id, row_number() OVER newer AS place, sum(octet_length(todos)) OVER newer AS bytes
           FROM todo_sessions WHERE client = ? WINDOW newer AS (ORDER BY id DESC))
         WHERE place > ? OR bytes > ?)`,
    ),
    ofClient: db.prepare(`SELECT ${columns} FROM todo_sessions WHERE client = ? AND at >= ? ORDER BY id DESC`),
    newest: db.prepare(
      `SELECT ${columns} FROM todo_sessions WHERE at >= ?1 AND (?2 = '' OR lower(client) = lower(?2))
       ORDER BY id DESC LIMIT ?3`,
    ),
  };
}
