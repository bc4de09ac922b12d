import type { DatabaseSync } from "node:sqlite";

/** Every statement of the approvals, prepared once. */
export function prepareApprovals(db: DatabaseSync) {
  return { ...reading(db), ...changing(db), ...pruning(db) };
}

function reading(db: DatabaseSync) {
  return {
    byRow: db.prepare("SELECT * FROM approvals WHERE id = ?"),
    ofClient: db.prepare("SELECT * FROM approvals WHERE client = ? AND approval_id = ?"),
    newest: db.prepare("SELECT * FROM approvals WHERE approval_id = ? ORDER BY id DESC LIMIT 1"),
    list: db.prepare(
      `SELECT * FROM approvals WHERE (?1 IS NULL OR client = ?1) AND (?2 IS NULL OR state = ?2) AND created_at >= ?3
       ORDER BY id DESC LIMIT ?4`,
    ),
    countPending: db.prepare("SELECT count(*) AS count FROM approvals WHERE state = 'pending' AND client = ?"),
    votes: db.prepare(
      "SELECT user_id, username, first_name, option, at FROM votes WHERE approval = ? ORDER BY at, rowid",
    ),
    due: db.prepare("SELECT * FROM approvals WHERE state = 'pending' AND expires_at <= ? ORDER BY expires_at LIMIT ?"),
    byCode: db.prepare("SELECT * FROM approvals WHERE code = ? ORDER BY id DESC LIMIT 20"),
    ofHolder: db.prepare(
      "SELECT * FROM approvals WHERE state = 'pending' AND code IS NOT NULL AND session = ? AND holder = ? ORDER BY id",
    ),
    nextExpiry: db.prepare("SELECT min(expires_at) AS at FROM approvals WHERE state = 'pending'"),
  };
}

function changing(db: DatabaseSync) {
  return {
    insert: db.prepare(
      `INSERT INTO approvals (approval_id, client, title, options, approvers, required, on_timeout, request, secret,
         text, entities, created_at, expires_at, session, holder, code, details)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *`,
    ),
    // Whoever is second changes nothing.
    end: db.prepare(
      "UPDATE approvals SET state = ?, option = ?, reason = ?, note = ?, ended_at = ? WHERE id = ? AND state = 'pending'",
    ),
    vote: db.prepare(
      "INSERT INTO votes (approval, user_id, username, first_name, option, at) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    record: db.prepare(
      `INSERT INTO approval_records (approval, at, what, user_id, chat_id, message_id, option)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    countRecords: db.prepare("SELECT count(*) AS count FROM approval_records WHERE approval = ?"),
  };
}

function pruning(db: DatabaseSync) {
  return {
    old: db.prepare("SELECT id FROM approvals WHERE state <> 'pending' AND ended_at < ? ORDER BY id LIMIT ?"),
    deleteVotes: db.prepare("DELETE FROM votes WHERE approval = ?"),
    deleteRecords: db.prepare("DELETE FROM approval_records WHERE approval = ?"),
    delete: db.prepare("DELETE FROM approvals WHERE id = ?"),
  };
}
