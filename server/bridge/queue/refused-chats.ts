import type { RefusedChat } from "./queue.ts";
import type { prepare } from "./sqlite-statements.ts";

/** The chats whose last message Telegram refused: in memory for reading, in the queue's file for the next process. */
export class RefusedChats {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #chats = new Map<number, RefusedChat>();

  constructor(sql: ReturnType<typeof prepare>) {
    this.#sql = sql;
  }

  get all(): readonly RefusedChat[] {
    return [...this.#chats.values()];
  }

  has(chatId: number): boolean {
    return this.#chats.has(chatId);
  }

  /** Reads them again from the file. */
  load(): void {
    this.#chats.clear();
    for (const row of this.#sql.refusedChats.all()) {
      const chatId = Number(row.chat_id);
      const messages = Number(row.messages);
      this.#chats.set(chatId, { chatId, error: String(row.error), messages, at: Number(row.at) });
    }
  }

  refused(chatId: number, error: string, at: number): void {
    const messages = Number(this.#sql.refuseChat.get(chatId, error, at)?.messages);
    this.#chats.set(chatId, { chatId, error, messages, at });
  }

  /** A message arrived, or nobody is interested any more. */
  forget(chatId: number): void {
    if (this.#chats.delete(chatId)) this.#sql.acceptChat.run(chatId);
  }

  forgetBefore(time: number): void {
    for (const { chatId, at } of this.all) if (at < time) this.forget(chatId);
  }

  /** Forgets all but these chats and what they migrated to. */
  keepOnly(chatIds: readonly number[]): void {
    const kept = new Set(chatIds);
    for (const { from_chat, to_chat } of this.#sql.migrations.all()) {
      if (kept.has(Number(from_chat))) kept.add(Number(to_chat));
    }
    for (const { chatId } of this.all) if (!kept.has(chatId)) this.forget(chatId);
  }
}
