import type { DatabaseSync } from "node:sqlite";

/** Every statement of the control room, prepared once. */
export function prepareControl(db: DatabaseSync) {
  return {
    paused: db.prepare("SELECT since, client FROM delivery_pause"),
    pause: db.prepare("INSERT INTO delivery_pause (id, since, client) VALUES (1, ?, ?)"),
    resume: db.prepare("DELETE FROM delivery_pause"),
  };
}
