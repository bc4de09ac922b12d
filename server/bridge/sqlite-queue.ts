import type { DatabaseSync } from "node:sqlite";
import { RefusedError } from "./contract.ts";
import { GroupCommit } from "./group-commit.ts";
import type {
  NewEvent,
  OutgoingMessage,
  PendingMessage,
  PruneLimits,
  Queue,
  QueueStats,
  Recovered,
  Settlement,
  Stored,
} from "./queue.ts";
import { isCorruption, isStorageFailure } from "./sqlite-error.ts";
import { type Damage, openFile } from "./sqlite-file.ts";
import { prepare } from "./sqlite-statements.ts";
import { StorageState } from "./storage-state.ts";

export type SqliteQueueOptions = {
  /** The database file; its directory is made when missing. */
  readonly path: string;
  /** Undelivered messages above which events are refused. */
  readonly sizeLimit: number;
  /** Steady milliseconds since the epoch. */
  readonly now: () => number;
  /** Told when a damaged file was replaced. */
  readonly onDamage?: (damage: Damage) => void;
  /** Told when the storage fails and when it is back. */
  readonly onStorageChange?: (error: string | undefined) => void;
};

const PRUNE_BATCH = 200;
const SENDS_KEPT_MS = 61_000;

/** The queue on one SQLite file with one writer. Every promise resolves after an fsync, shared by concurrent callers. */
export class SqliteQueue implements Queue {
  readonly #db: DatabaseSync;
  readonly #sql: ReturnType<typeof prepare>;
  readonly #commits: GroupCommit;
  readonly #storage: StorageState;
  readonly #options: SqliteQueueOptions;
  #undelivered = 0;
  #failed = 0;

  constructor(options: SqliteQueueOptions) {
    this.#options = options;
    const { db, damage } = openFile(options.path, options.now());
    this.#db = db;
    this.#sql = prepare(db);
    this.#commits = new GroupCommit(db, (error) => this.#onFailure(error));
    this.#storage = new StorageState(options.path, {
      probe: (bytes) => this.#probe(bytes),
      onChange: (error) => options.onStorageChange?.(error),
    });
    this.#count();
    if (damage === undefined) return;
    // The windows of the last second are not known any more.
    this.#sql.set.run("paused_until", options.now() + 1_000);
    options.onDamage?.(damage);
  }

  async accept(event: NewEvent): Promise<Stored> {
    this.#storage.requireRoom();
    const { stored, refused } = await this.#write(() => this.#insert(event));
    if (refused !== undefined) throw refused;
    return stored;
  }

  async recover(): Promise<Recovered> {
    const now = this.#options.now();
    return this.#write(() => {
      this.#sql.deleteSends.run(now - SENDS_KEPT_MS);
      this.#sql.recordInterrupted.run(now);
      const uncertain = Number(this.#sql.resumeInterrupted.run().changes);
      return {
        uncertain,
        pending: this.#sql.pending.all().map(toPending),
        sends: this.#sql.sends.all().map((row) => ({ chatId: Number(row.chat_id), at: Number(row.at) })),
        pausedUntil: Number(this.#sql.get.get("paused_until")?.value ?? 0),
      };
    });
  }

  begin(ids: readonly number[]): Promise<readonly OutgoingMessage[]> {
    return this.#write(() => ids.flatMap((id) => this.#sql.begin.all(id).map(toOutgoing)));
  }

  settle(id: number, settlement: Settlement): Promise<void> {
    return this.#write(() => {
      this.#sql.recordSend.run(settlement.at, id);
      if (settlement.kind === "retry") return this.#retry(id, settlement);
      if (settlement.kind === "sent") this.#sql.sent.run(settlement.at, settlement.telegramMessageId, id);
      else this.#sql.failed.run(settlement.at, settlement.error, id);
      this.#undelivered -= 1;
      if (settlement.kind === "failed") this.#failed += 1;
    });
  }

  pauseUntil(time: number): Promise<void> {
    return this.#write(() => void this.#sql.set.run("paused_until", time));
  }

  migrateChat(from: number, to: number): Promise<void> {
    return this.#write(() => {
      this.#sql.rememberMigration.run(from, to);
      this.#sql.moveMessages.run(to, from);
    });
  }

  prune({ sentBefore, failedBefore, sendsBefore }: PruneLimits): Promise<boolean> {
    return this.#write(() => {
      const expired = this.#sql.expired.all(sentBefore, failedBefore, sentBefore, PRUNE_BATCH);
      for (const { event_id: id } of expired) {
        this.#sql.deleteMessages.run(id ?? null);
        this.#sql.deleteEvent.run(id ?? null);
      }
      this.#sql.deleteSends.run(sendsBefore);
      this.#failed = Number(this.#sql.countFailed.get()?.count);
      return expired.length === PRUNE_BATCH;
    });
  }

  stats(): QueueStats {
    const { error, broken } = this.#storage;
    const oldest = this.#db.isOpen && !broken ? this.#sql.oldest.get()?.created_at : undefined;
    return {
      usable: error === undefined,
      broken,
      pending: this.#undelivered,
      failed: this.#failed,
      ...(error === undefined ? {} : { error }),
      ...(oldest === undefined ? {} : { oldestAt: Number(oldest) }),
    };
  }

  async close(): Promise<void> {
    if (!this.#db.isOpen) return;
    this.#storage.stop();
    this.#commits.flush();
    try {
      this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // On a full disk the commits stay in the WAL, where the next start finds them.
    }
    this.#db.close();
  }

  async #write<T>(operation: () => T): Promise<T> {
    try {
      return await this.#commits.submit(operation);
    } catch (error) {
      if (!isStorageFailure(error)) throw error;
      throw new RefusedError("queue_unusable", `The queue cannot write: ${(error as Error).message}.`, 5, {
        cause: error,
      });
    }
  }

  #insert(event: NewEvent): { stored: Stored; refused?: RefusedError } {
    if (this.#sql.hasEvent.get(event.id) !== undefined) {
      const count = Number(this.#sql.countOfEvent.get(event.id)?.count);
      return { stored: { duplicate: true, count, messages: [] } };
    }
    const { sizeLimit } = this.#options;
    if (this.#undelivered + event.messages.length > sizeLimit) {
      const message = `The queue is full: ${this.#undelivered} of ${sizeLimit} messages wait for delivery.`;
      return {
        stored: { duplicate: false, count: 0, messages: [] },
        refused: new RefusedError("queue_full", message, 30),
      };
    }
    this.#sql.insertEvent.run(event.id, event.acceptedAt, event.body);
    const messages = event.messages.map((message) => this.#insertMessage(event, message));
    this.#undelivered += messages.length;
    return { stored: { duplicate: false, count: messages.length, messages } };
  }

  #insertMessage(event: NewEvent, message: NewEvent["messages"][number]): PendingMessage {
    const migrated = this.#sql.migratedTo.get(message.chatId);
    const chatId = migrated === undefined ? message.chatId : Number(migrated.to_chat);
    const entities = message.entities.length === 0 ? null : JSON.stringify(message.entities);
    const row = this.#sql.insertMessage.get(event.id, chatId, message.part, message.text, entities, event.acceptedAt);
    return { id: Number(row?.id), chatId, notBefore: 0 };
  }

  #retry(id: number, { notBefore, error, uncertain, plain }: Extract<Settlement, { kind: "retry" }>): void {
    this.#sql.retry.run(notBefore, error, uncertain ? 1 : 0, plain ? 1 : 0, id);
  }

  /** Two commits: within one SQLite would not write the filler at all. */
  #probe(bytes: number): void {
    this.#sql.fill.run(bytes);
    this.#sql.empty.run();
  }

  #onFailure(error: unknown): void {
    this.#storage.failed(error, isCorruption(error));
    try {
      this.#count();
    } catch {
      // Not readable either; the counts are those of before the failure, near enough until it is repaired.
    }
  }

  #count(): void {
    this.#undelivered = Number(this.#sql.countPending.get()?.count);
    this.#failed = Number(this.#sql.countFailed.get()?.count);
  }
}

type Row = Record<string, unknown>;

function toPending(row: Row): PendingMessage {
  return { id: Number(row.id), chatId: Number(row.chat_id), notBefore: Number(row.next_attempt_at) };
}

function toOutgoing(row: Row): OutgoingMessage {
  return {
    id: Number(row.id),
    eventId: String(row.event_id),
    chatId: Number(row.chat_id),
    part: Number(row.part),
    text: String(row.text),
    entities: row.entities === null ? [] : JSON.parse(String(row.entities)),
    attempts: Number(row.attempts) - 1,
    uncertain: Number(row.uncertain) > 0,
    createdAt: Number(row.created_at),
  };
}
