import type { DatabaseSync } from "node:sqlite";

/** Every statement of the pairings, prepared once. */
export function preparePairings(db: DatabaseSync) {
  return {
    forget: db.prepare("DELETE FROM pairings WHERE expires_at <= ?"),
    ofPerson: db.prepare("SELECT code, told FROM pairings WHERE user_id = ?"),
    count: db.prepare("SELECT count(*) AS count FROM pairings"),
    insert: db.prepare(
      "INSERT INTO pairings (user_id, username, first_name, code, told, expires_at) VALUES (?, ?, ?, ?, 1, ?)",
    ),
    toldAgain: db.prepare("UPDATE pairings SET told = told + 1 WHERE user_id = ?"),
    take: db.prepare("DELETE FROM pairings WHERE code = ? AND expires_at > ? RETURNING user_id, username, first_name"),
    pair: db.prepare(
      "INSERT OR REPLACE INTO paired_people (user_id, username, first_name, code, confirmed_by, at) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    pairedBy: db.prepare("SELECT user_id, username, first_name FROM paired_people WHERE code = ? AND confirmed_by = ?"),
    unpair: db.prepare("DELETE FROM paired_people WHERE user_id = ?"),
  };
}
