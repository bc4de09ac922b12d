import type { TaskEnding, TaskMessages } from "../progress/task-messages.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { EventKey, SettledEvent } from "./event.ts";
import { BRIDGE_ITSELF, type SentKeyboard, type Settlement } from "./message.ts";
import type { Places } from "./places.ts";
import type { RefusedChats } from "./refused-chats.ts";
import type { RefusedTopics } from "./refused-topics.ts";
import type { Shares } from "./shares.ts";
import { settleEvent } from "./sqlite-events.ts";
import { type Row, toEventKey } from "./sqlite-rows.ts";
import type { prepare } from "./sqlite-statements.ts";

export type SettlingOptions = {
  readonly sql: ReturnType<typeof prepare>;
  readonly shares: Shares;
  readonly places: Places;
  readonly refusedChats: RefusedChats;
  readonly refusedTopics: RefusedTopics;
  readonly tasks: TaskMessages;
  readonly deadLetters: DeadLetters;
};

/** Messages whose events are known, so that an answer to one reaches its event. */
const ANSWERABLE_KEPT = 50_000;

/** What becomes of messages that Telegram was asked to take. All of it is done within the write that calls it. */
export class Settling {
  readonly #options: SettlingOptions;

  constructor(options: SettlingOptions) {
    this.#options = options;
  }

  /** The event, when that was its last message. */
  settle(id: number, settlement: Settlement): SettledEvent | undefined {
    const { sql, shares, tasks } = this.#options;
    if (wasAsked(settlement.kind)) sql.recordSend.run(settlement.at, id);
    if (settlement.kind === "retry") return void this.#retry(id, settlement);
    // Newer progress may have taken its place since somebody looked.
    if (settlement.kind === "expired" && sql.isExpired.get(id, settlement.at) === undefined) return undefined;
    const failed = settlement.kind === "failed";
    const row = failed ? sql.failed.get(settlement.at, settlement.error, id) : sql.delivered.get(id);
    if (row === undefined) return undefined;
    shares.remove(String(row.client), { messages: 1, bytes: Number(row.bytes) });
    if (settlement.kind === "sent") this.#keepSent(row, settlement);
    else if (settlement.kind === "failed") this.#keepFailure(row, settlement);
    if (row.task !== null) tasks.settled(Number(row.task), endingOf(row, settlement));
    return settleEvent(sql, toEventKey(row), settlement.at, settlement.kind);
  }

  #keepSent(
    { chat_id, topic, event_id, client, keyboard, uncertain, expires_at }: Row,
    { at, telegramMessageId }: Extract<Settlement, { kind: "sent" }>,
  ): void {
    this.#options.refusedChats.forget(Number(chat_id));
    // Whoever has got a part of it wants the rest.
    if (expires_at !== null) this.#options.sql.keepRest.run(String(event_id), String(client), Number(chat_id));
    if (topic !== null) this.#options.refusedTopics.forget({ chatId: Number(chat_id), topic: Number(topic) });
    if (client === BRIDGE_ITSELF) return;
    const row = this.#options.sql.rememberSent.get(
      Number(chat_id),
      telegramMessageId,
      String(event_id),
      String(client),
      at,
    );
    this.#options.sql.forgetSent.run(Number(row?.id) - ANSWERABLE_KEPT);
    if (keyboard === null) return;
    const sent = { chatId: Number(chat_id), messageId: telegramMessageId, copies: Number(uncertain) > 0 };
    keepKeyboard(this.#options.sql, { id: String(event_id), client: String(client) }, sent);
  }

  #keepFailure({ chat_id, client }: Row, settlement: Extract<Settlement, { kind: "failed" }>): void {
    const isOwn = client === BRIDGE_ITSELF;
    if (!isOwn && settlement.givenUp !== true) this.#keepRefusal(Number(chat_id), settlement);
    this.#options.deadLetters.add(String(client));
  }

  #keepRefusal(chatId: number, { at, error }: Pick<Extract<Settlement, { kind: "failed" }>, "at" | "error">): void {
    this.#options.refusedChats.refused(chatId, error, at);
    // Nobody has the name any more: that is what there is to tell of the chat.
    const known = this.#options.places.current(chatId);
    if (known !== chatId) this.#options.refusedChats.forget(known);
  }

  #retry(id: number, settlement: Extract<Settlement, { kind: "retry" }>): void {
    const { at, notBefore, error, uncertain, counts = false, plain, outOfTopic, asNew, asDocument } = settlement;
    if (asNew === true) this.#options.tasks.lost(id);
    if (asDocument === true) this.#options.sql.asDocument.run(id);
    if (outOfTopic === true) this.#options.refusedTopics.refused(id, error, at);
    this.#options.sql.retry.run(notBefore, error, uncertain ? 1 : 0, counts ? 1 : 0, plain ? 1 : 0, id);
  }
}

export function keepKeyboard(
  sql: Pick<ReturnType<typeof prepare>, "keepKeyboard">,
  { id, client }: EventKey,
  { chatId, messageId, copies }: SentKeyboard,
): void {
  sql.keepKeyboard.run(id, client, chatId, messageId, copies ? 1 : 0);
}

const wasAsked = (kind: Settlement["kind"]): boolean => kind !== "muted" && kind !== "expired" && kind !== "unchanged";

function endingOf({ text, entities }: Row, settlement: Exclude<Settlement, { kind: "retry" }>): TaskEnding {
  const { at } = settlement;
  if (settlement.kind !== "sent") return { at };
  return { at, sent: { messageId: settlement.telegramMessageId, words: { text, entities } } };
}
