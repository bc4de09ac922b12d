import type { DatabaseSync } from "node:sqlite";
import type { TextEntity } from "../formatting/formatted-text.ts";
import { CAPTION_UNITS, MESSAGE_LIMITS } from "../formatting/splitter.ts";
import { openSound } from "../storage/sqlite-file.ts";

/** What people read at the end of a message that may have come to them after the backup was made. */
export const restoredMark = "\n\n♻️ From a backup: you may have got this before.";

/**
 * Makes a queue's file of a backup ready for a bridge: the newest schema, and a mark on every message that waits. The bridge that the
 * backup is of may have sent them since, and nobody can ask Telegram whether it did. They count as possible duplicates, as after a
 * crash. Throws for a file that no bridge could open.
 */
export function prepareRestored(path: string): void {
  const db = openSound(path);
  try {
    db.exec("BEGIN IMMEDIATE");
    markWaiting(db);
    db.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    db.close();
  }
}

function markWaiting(db: DatabaseSync): void {
  const ids = db.prepare("SELECT id FROM messages WHERE state IN ('pending', 'sending')").all();
  const read = db.prepare("SELECT text, entities, edits, file FROM messages WHERE id = ?");
  const write = db.prepare(
    "UPDATE messages SET text = ?, entities = ?, state = 'pending', uncertain = uncertain + 1 WHERE id = ?",
  );
  for (const { id = null } of ids) {
    const row = read.get(id);
    if (row === undefined) continue;
    const [text, entities] = [String(row.text), row.entities === null ? null : String(row.entities)];
    // An edit leaves one message as it is, however often it comes.
    const units = row.file === null ? MESSAGE_LIMITS.units : CAPTION_UNITS;
    const marked = row.edits === null ? withMark({ text, entities }, units) : { text, entities };
    write.run(marked.text, marked.entities, id);
  }
}

type Stored = { readonly text: string; readonly entities: string | null };

/** The end of a text that fills its message makes room for the mark. */
function withMark({ text, entities }: Stored, units: number): Stored {
  if (text.endsWith(restoredMark)) return { text, entities };
  const room = units - restoredMark.length;
  if (text.length <= room) return { text: text + restoredMark, entities };
  const kept = `${text
    .slice(0, room - 1)
    .toWellFormed()
    .replace(/\uFFFD$/, "")}…`;
  return { text: kept + restoredMark, entities: entities === null ? null : clipped(entities, kept.length) };
}

function clipped(entities: string, length: number): string {
  const all: readonly TextEntity[] = JSON.parse(entities);
  const within = all.filter(({ offset }) => offset < length);
  return JSON.stringify(within.map((each) => ({ ...each, length: Math.min(each.length, length - each.offset) })));
}
