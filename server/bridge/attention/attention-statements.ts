import type { DatabaseSync } from "node:sqlite";

/** Every statement of the attention room, prepared once. */
export function prepareAttention(db: DatabaseSync) {
  return {
    all: db.prepare("SELECT user_id, mode, quiet_hours, time_zone FROM attention"),
    setMode: db.prepare(
      `INSERT INTO attention (user_id, mode, set_by, at) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET mode = excluded.mode, set_by = excluded.set_by, at = excluded.at`,
    ),
    setQuietHours: db.prepare(
      `INSERT INTO attention (user_id, quiet_hours, time_zone, set_by, at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET quiet_hours = excluded.quiet_hours, time_zone = excluded.time_zone,
       set_by = excluded.set_by, at = excluded.at`,
    ),
  };
}
