import { createHash } from "node:crypto";
import type { Event } from "../../../contract/event.ts";

/**
 * What two events have in common that say the same, whatever their ids and times: SHA-256 of everything that people or programs are
 * told. An event without a task of its own has its id as one.
 */
export function contentKey({ event_id, type, title, description, source, task_id, data, session }: Event): Buffer {
  const task = task_id === event_id ? null : task_id;
  const said = JSON.stringify([type, title, description, source, task, data, session ?? null]);
  return createHash("sha256").update(said).digest();
}
