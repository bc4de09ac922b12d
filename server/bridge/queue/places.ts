import { isStandIn } from "../routing/destination.ts";
import type { RefusedChats } from "./refused-chats.ts";
import type { prepare } from "./sqlite-statements.ts";

type Statements = Pick<ReturnType<typeof prepare>, "migrations" | "rememberMigration" | "rememberChain">;

/** The chats that have another id now: in memory, since it is asked for at each message, and in the queue's file. */
export class Places {
  readonly #sql: Statements;
  readonly #refusedChats: Pick<RefusedChats, "has">;
  #migrated: ReadonlyMap<number, number> = new Map();

  constructor(sql: Statements, refusedChats: Pick<RefusedChats, "has">) {
    this.#sql = sql;
    this.#refusedChats = refusedChats;
  }

  /** Reads them again from the file. */
  load(): void {
    const rows = this.#sql.migrations.all();
    this.#migrated = new Map(rows.map(({ from_chat, to_chat }) => [Number(from_chat), Number(to_chat)]));
  }

  current(chatId: number): number {
    return this.#migrated.get(chatId) ?? chatId;
  }

  /** Where a message goes. A public name is looked up again when its chat refuses: it may be another one's by now. */
  of(chatId: number): number {
    const current = this.current(chatId);
    const isDoubtful = isStandIn(chatId) && (this.#refusedChats.has(chatId) || this.#refusedChats.has(current));
    return isDoubtful ? chatId : current;
  }

  migrated(from: number, to: number): void {
    this.#sql.rememberMigration.run(from, to);
    this.#sql.rememberChain.run(to, from);
    this.load();
  }
}
