import { attachmentsOf } from "../../../contract/attachments.ts";
import { ServerError } from "../../../contract/errors.ts";
import type { SessionEdit, SessionReact, SessionReplied, SessionReply } from "../../../contract/sessions.ts";
import type { FormattedText } from "../formatting/formatted-text.ts";
import { MESSAGE_LIMITS, split } from "../formatting/splitter.ts";
import type { NewMessage, PendingMessage } from "../queue/message.ts";
import type { Queue } from "../queue/queue.ts";
import { RefusedError } from "../refused-error.ts";
import type { Store } from "../storage/store.ts";
import { isRefusal } from "../telegram/problem.ts";
import type { TelegramClient } from "../telegram/telegram-client.ts";
import type { Bindings } from "./bindings.ts";
import type { ChannelEvents } from "./channel-events.ts";
import type { KeptSession } from "./kept-session.ts";
import { reactionOf } from "./reactions.ts";
import type { Receipts } from "./receipts.ts";
import { prepareSaid } from "./said-statements.ts";
import type { SessionTable } from "./session-table.ts";

export type SpeakingOptions = {
  readonly store: Store;
  readonly queue: Pick<Queue, "addEvent" | "addLine" | "changeEdit" | "currentChat">;
  readonly table: Pick<SessionTable, "require">;
  readonly bindings: Bindings;
  readonly events: ChannelEvents;
  readonly receipts: Pick<Receipts, "spoke">;
  readonly telegram: Pick<TelegramClient, "ask">;
  /** Whether somebody may talk to the bot. */
  readonly isPerson: (userId: number) => boolean;
  readonly onLines: (lines: readonly PendingMessage[]) => void;
  /** An event was taken. */
  readonly onTaken: (eventId: string, client: string, at: number) => void;
  readonly now: () => number;
};

/** Whoever asks is told the ids of messages that Telegram has by then. */
const REPLY_WAIT_MS = 1_000;
/** A message is not edited more often. */
const EDIT_EVERY_MS = 3_000;
const EDITS_REMEMBERED = 1_000;
const REACTION_LIMIT_MS = 10_000;

/** What sessions say to the people who talk to them. */
export class Speaking {
  readonly #options: SpeakingOptions;
  readonly #sql: ReturnType<typeof prepareSaid>;
  /** Told when all messages of an event are settled. */
  readonly #waiting = new Map<string, () => void>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** When a message was edited last. */
  readonly #edited = new Map<string, number>();

  constructor(options: SpeakingOptions) {
    this.#options = options;
    this.#sql = prepareSaid(options.store.db);
  }

  /** Resolves when it is on disk, and soon after when it is at Telegram. Rejects with CHAT_NOT_BOUND, UNKNOWN_SESSION or RefusedError. */
  async reply(reply: SessionReply): Promise<SessionReplied> {
    const { store, queue, table, receipts, onLines, onTaken, now } = this.#options;
    store.requireRoom();
    const { client, reply_id: id } = reply;
    const { session, chatId, stored, at } = await store.write(() => {
      const said = table.require(reply);
      const place = this.#placeFor(said, reply);
      const time = now();
      const event = { client, acceptedAt: time, session: said.row };
      const text = queue.addEvent({ ...event, id, messages: this.#messages(said, reply, place) });
      const files = this.#files(said, reply, place);
      const all = files.length === 0 ? [] : [queue.addEvent({ ...event, id: filesOf(id), messages: files })];
      return { session: said, chatId: place.chatId, stored: [text, ...all], at: time };
    });
    receipts.spoke(session.row, chatId);
    const duplicate = stored.every((each) => each.duplicate);
    if (!duplicate) {
      const ids = stored.map((_, index) => (index === 0 ? id : filesOf(id)));
      for (const each of ids) onTaken(each, client, at);
      // Files come behind the text: when the last of them has ended, everything has.
      const settled = this.#settled(client, ids.at(-1) ?? id);
      onLines(stored.flatMap(({ messages }) => messages));
      await settled;
    }
    const messages = stored.reduce((sum, { count }) => sum + count, 0);
    return { event_id: id, messages, message_ids: this.#idsOf(client, id), duplicate };
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const done of [...this.#waiting.values()]) done();
  }

  /** All messages of an event are settled. */
  settled(client: string, id: string): void {
    this.#waiting.get(keyOf(client, id))?.();
  }

  /** Rejects with CHAT_NOT_BOUND, UNKNOWN_SESSION, VALIDATION_ERROR or RefusedError. */
  async react({ chat_id, message_id, emoji, ...named }: SessionReact): Promise<void> {
    const { table, telegram } = this.#options;
    const { chatId } = this.#placeFor(table.require(named), { chat_id });
    const allowed = reactionOf(emoji);
    if (emoji !== "" && allowed === undefined)
      throw invalid("emoji", "Telegram lets no bot react with it: 👍, 👀 and 🎉 are among those that it does");
    const reaction = allowed === undefined ? [] : [{ type: "emoji" as const, emoji: allowed }];
    const signal = AbortSignal.timeout(REACTION_LIMIT_MS);
    const answer = await telegram.ask((api) =>
      api.setMessageReaction({ chat_id: chatId, message_id, reaction }, signal),
    );
    if ("value" in answer) return;
    const { problem } = answer;
    if (isRefusal(problem)) throw invalid("message_id", problem.error);
    throw new RefusedError("telegram_unreachable", `Telegram did not take the reaction: ${problem.error}`, 5);
  }

  /** Resolves with Telegram's id of the message when the edit is on disk. Rejects as `reply` does, and with VALIDATION_ERROR. */
  async edit({ chat_id, message, text, ...named }: SessionEdit): Promise<number> {
    const { store, queue, table, receipts, now } = this.#options;
    const { edits, session, chatId, line } = await store.write(() => {
      const said = table.require(named);
      const place = this.#placeFor(said, { chat_id });
      const id = this.#ownMessage(said, place.chatId, message);
      const edit = { ...this.#titled(said, place, text), chatId: place.chatId, edits: id };
      const added = queue.changeEdit(edit) ? undefined : queue.addLine(edit, now());
      return { edits: id, session: said, chatId: place.chatId, line: added };
    });
    receipts.spoke(session.row, chatId);
    if (line !== undefined) this.#later(line, this.#mayEdit(chatId, edits));
    return edits;
  }

  /** Not by the queue's own time: what else is to be said in the chat does not wait for it. A crash lets it leave at once. */
  #later(line: PendingMessage, at: number): void {
    const { onLines, now } = this.#options;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      onLines([line]);
    }, at - now());
    this.#timers.add(timer);
  }

  #messages(session: KeptSession, { text, reply_to }: SessionReply, place: Place): readonly NewMessage[] {
    const { text: shown, entities } = this.#titled(session, place, text);
    const parts = split(shown, { units: MESSAGE_LIMITS.units, bytes: MESSAGE_LIMITS.bytes / 2 });
    const words = parts.map((part) => part.replace(/^\n+/, "").trimEnd()).filter((part) => part !== "");
    if (words.length === 0) throw invalid("text", "it shows nothing");
    // Who has muted the bot, and speaks to a session, wants to hear its answer.
    return words.map((part, index) => ({
      ...{ ...place, part: index, text: part, weight: "approval", priority: "urgent" },
      entities: index === 0 ? entities : [],
      ...(index === 0 && reply_to !== undefined && { replyTo: reply_to }),
    }));
  }

  /** They are an event of their own: edit_message changes the text of a reply, and a file has none. */
  #files(session: KeptSession, { files }: SessionReply, place: Place): readonly NewMessage[] {
    const caption = this.#titled(session, place, "");
    return attachmentsOf({ attachments: files }).map(({ kind, name, media_type: mediaType, content }, part) => ({
      ...{ ...place, ...caption, part, weight: "approval", priority: "urgent" },
      file: { kind, name, mediaType, bytes: Buffer.from(content, "base64") },
    }));
  }

  /** Where not everything is this session's, its name says who speaks. */
  #titled({ row, name }: KeptSession, place: Place, text: string): FormattedText {
    if (this.#options.bindings.at(place)?.session === row || this.#isMade(row, place)) return { text, entities: [] };
    const shown = text === "" ? name : `${name}\n${text}`;
    return { text: shown, entities: [{ type: "bold", offset: 0, length: name.length }] };
  }

  #isMade(session: number, { chatId }: Place): boolean {
    return this.#options.bindings.of(session).some((binding) => binding.chatId === chatId && binding.made);
  }

  /** Throws CHAT_NOT_BOUND for a chat in which nobody speaks to the session. */
  #placeFor(
    session: KeptSession,
    { chat_id, topic, reply_to }: Pick<SessionReply, "chat_id" | "topic" | "reply_to">,
  ): Place {
    const { bindings, events, queue, isPerson } = this.#options;
    const chatId = queue.currentChat(chat_id);
    const bound = bindings.of(session.row).filter((binding) => binding.chatId === chatId);
    const mayHear = chatId < 0 || isPerson(chatId);
    if (!mayHear || (bound.length === 0 && !events.hasBeenIn(session.row, chatId))) {
      throw new ServerError("CHAT_NOT_BOUND", { name: session.name, chat_id });
    }
    // What was said outside of all topics is answered there.
    const heard = events.placeOf(session.row, chatId, reply_to) ?? bound[0];
    const own = topic ?? heard?.topic;
    return { chatId, ...(own !== undefined && { topic: own }) };
  }

  #ownMessage(session: KeptSession, chatId: number, message: SessionEdit["message"]): number {
    if (typeof message === "number") {
      const said = this.#sql.isSaid.get(chatId, message, session.row);
      if (String(said?.event_id).endsWith(FILES)) throw invalid("message", "it is a file, which has no text to change");
      if (said !== undefined) return message;
      throw invalid("message", `the session has sent no message ${message} in this chat, or too long ago`);
    }
    const last = this.#sql.lastOfEvent.get(session.client, message, chatId, session.row);
    if (last !== undefined) return Number(last.message_id);
    throw invalid(
      "message",
      "the session has sent no such reply in this chat, or Telegram does not have it yet: try again",
    );
  }

  #idsOf(client: string, id: string): readonly number[] {
    return this.#sql.ofEvent.all(client, id, filesOf(id)).map(({ message_id }) => Number(message_id));
  }

  /** Resolves when the event is settled, or when it has been waited for long enough. */
  #settled(client: string, id: string): Promise<void> {
    return new Promise((resolve) => {
      const key = keyOf(client, id);
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(key);
        resolve();
      };
      const timer = setTimeout(done, REPLY_WAIT_MS);
      this.#waiting.set(key, done);
    });
  }

  /** When an edit of a message may leave. */
  #mayEdit(chatId: number, messageId: number): number {
    const key = `${chatId}/${messageId}`;
    const at = Math.max(this.#options.now(), (this.#edited.get(key) ?? 0) + EDIT_EVERY_MS);
    if (this.#edited.size >= EDITS_REMEMBERED) this.#edited.clear();
    this.#edited.set(key, at);
    return at;
  }
}

type Place = { readonly chatId: number; readonly topic?: number };

/** What the id of the event ends with that a reply's files are. */
const FILES = "/files";

const filesOf = (replyId: string): string => `${replyId}${FILES}`;

const keyOf = (client: string, id: string) => JSON.stringify([client, id]);

function invalid(field: string, problem: string): ServerError {
  return new ServerError("VALIDATION_ERROR", { problems: `${field}: ${problem}`, fields: [{ field, problem }] });
}
