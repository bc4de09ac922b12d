import type { DatabaseSync } from "node:sqlite";
import type { ReceivedFile } from "../receiving/received-file.ts";
import type { SentFile } from "./channel-event.ts";

export type KeptAttachment = {
  readonly fileId: string;
  readonly name: string;
  readonly mime: string | undefined;
  readonly size: number | undefined;
};

const KEPT_MS = 30 * 24 * 3_600_000;
const BATCH = 200;

/** Files that people sent to sessions: what Telegram needs to give them out. Whatever adds one belongs into a write of the store. */
export class Attachments {
  readonly #sql: ReturnType<typeof prepare>;

  constructor(db: DatabaseSync) {
    this.#sql = prepare(db);
  }

  add(session: number, file: ReceivedFile, at: number): SentFile {
    const { fileId, name, mime = null, size = null } = file;
    return { ...file, id: Number(this.#sql.insert.get(session, fileId, name, mime, size, at)?.id) };
  }

  /** Undefined when that session was sent none of this id. */
  find(id: number, session: number): KeptAttachment | undefined {
    const row = this.#sql.find.get(id, session);
    if (row === undefined) return undefined;
    return {
      fileId: String(row.file_id),
      name: String(row.name),
      mime: row.mime === null ? undefined : String(row.mime),
      size: row.size === null ? undefined : Number(row.size),
    };
  }

  /** Deletes old ones; true when there may be more. */
  prune(now: number): boolean {
    return Number(this.#sql.deleteOld.run(now - KEPT_MS, BATCH).changes) === BATCH;
  }
}

function prepare(db: DatabaseSync) {
  return {
    insert: db.prepare(
      "INSERT INTO attachments (session, file_id, name, mime, size, at) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
    ),
    find: db.prepare("SELECT file_id, name, mime, size FROM attachments WHERE id = ? AND session = ?"),
    deleteOld: db.prepare(
      "DELETE FROM attachments WHERE id IN (SELECT id FROM (SELECT id, at FROM attachments ORDER BY id LIMIT ?2) WHERE at < ?1)",
    ),
  };
}
