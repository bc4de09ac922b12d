import type { Response } from "../../../contract/responses.ts";
import type { ClickEffect, SpokenVote } from "../approvals/clicks.ts";
import type { CommandRecord, Commands } from "../commands/commands.ts";
import type { Pairings } from "../pairing/pairings.ts";
import type { EventKey, PendingMessage, Queue } from "../queue/queue.ts";
import type { Addressed, Hearing } from "../sessions/hearing.ts";
import type { KeptSession } from "../sessions/kept-session.ts";
import { refusalOf } from "../storage/sqlite-error.ts";
import type { Store } from "../storage/store.ts";
import { prepareInbox } from "./inbox-statements.ts";
import { type Bot, type Clicked, type CommandGiven, type Meaning, meaningOf, type Said } from "./meaning.ts";
import { spokenVoteIn } from "./spoken-vote.ts";
import { STRANGER_LINE_EVERY_MS, STRANGERS_REMEMBERED, strangerAnswer, strangerLine } from "./stranger-line.ts";
import type { Person, Update } from "./update.ts";

export type InboxOptions = {
  readonly store: Store;
  readonly queue: Pick<Queue, "addLine" | "urgentLines" | "eventOfMessage">;
  readonly commands: Pick<Commands, "answer">;
  /** Tells somebody who is not on the list how to be put on it. */
  readonly pairings: Pick<Pairings, "tell">;
  /** Finds the session that somebody speaks to, and keeps for it what was said. */
  readonly hearing: Pick<Hearing, "isBound" | "addressee" | "hear" | "nobody">;
  /** Telegram ids of the people who may talk to the bot. */
  readonly people: () => ReadonlySet<number>;
  /** What a click decides, in the same transaction; undefined when it is under nothing that is to be decided. */
  readonly decide: (click: Clicked, at: number) => ClickEffect | undefined;
  /** What a text decides that answers the prompt of a tool; undefined when it answers none. */
  readonly spoken: (vote: SpokenVote, at: number) => ClickEffect | undefined;
  /** Steady milliseconds since the epoch. */
  readonly now: () => number;
};

export const takenKinds = [
  "response",
  "command",
  "click",
  "void_click",
  "stranger",
  "strange_click",
  "nothing",
  "duplicate",
] as const satisfies (Meaning["kind"] | "void_click" | "duplicate")[];

/** What became of an update. */
export type Taken = {
  readonly kind: (typeof takenKinds)[number];
  /** What the queue got to send because of it. */
  readonly lines: readonly PendingMessage[];
  /** What the person who pressed a button is told. */
  readonly answer?: { readonly queryId: string; readonly text: string };
  /** The event that was answered. */
  readonly event?: EventKey;
  /** Whose session it was said to. */
  readonly client?: string;
  /** Of a click under something that is to be decided. */
  readonly record?: ClickEffect["record"];
  /** The command that was given. */
  readonly command?: CommandRecord;
  /** To be done when the effect is on disk. */
  readonly afterwards?: () => void;
};

export type ResponseQuery = {
  /** Whose events were answered; undefined: anybody's. What answers no event is for all. */
  readonly client?: string | undefined;
  readonly since: number;
  readonly kind?: Response["kind"] | undefined;
  /** Only what was said to this session of the client's and it has not got yet. */
  readonly session?: string | undefined;
  /** Only those before the one with this id. */
  readonly before?: number | undefined;
  readonly limit: number;
};

export type Clearing = {
  /** Whose events were answered. */
  readonly client: string;
  /** Older ones go. */
  readonly until: number;
  /** Also what answers no event. */
  readonly unclaimed: boolean;
};

/** Updates that Telegram may hand out again are among these: a batch has at most a hundred. */
const TAKEN_KEPT = 1_000;
/**
 * Telegram keeps an update for 24 h, so a position of before that confirms nothing. After a week without updates Telegram
 * begins with a random id: below the position it would be taken for confirmed.
 */
const TAKEN_KEPT_MS = 48 * 3_600_000;
const RESPONSES_KEPT = 5_000;
const RESPONSES_KEPT_MS = 30 * 24 * 3_600_000;
const RESPONSES_OF_EVENT = 20;
const PRUNE_BATCH = 200;

/**
 * What people say, in the bridge's file. An update's effect is committed together with the position after it, so that a
 * crash neither loses nor repeats it.
 */
export class Inbox {
  readonly #options: InboxOptions;
  readonly #sql: ReturnType<typeof prepareInbox>;

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#sql = prepareInbox(options.store.db);
  }

  /** The update to go on with; 0 for whatever there is: none was taken yet, or so long ago that ids may begin anew. */
  next(botId: number): number {
    const row = this.#sql.next.get(botId);
    return row === undefined || Number(row.at) <= this.#options.now() - TAKEN_KEPT_MS ? 0 : Number(row.next_update);
  }

  /** Resolves when the effect is on disk. Updates that are given together are committed together, in their order. */
  take(update: Update, bot: Bot): Promise<Taken> {
    return this.#options.store.write(() => {
      const at = this.#options.now();
      if (this.#isTaken(update, bot, at)) {
        this.#sql.goOn.run(bot.id, update.id + 1, at);
        return { kind: "duplicate", lines: [] };
      }
      this.#note(update, bot, at);
      this.#sql.goOn.run(bot.id, update.id + 1, at);
      const isBound: Hearing["isBound"] = (place) => this.#options.hearing.isBound(place);
      return this.#effect(meaningOf(update, { people: this.#options.people(), bot, isBound }), at);
    });
  }

  /** Takes note of an update whose effect cannot be: when Telegram hands it out again, it is a duplicate. */
  skip(update: Update, bot: Bot): Promise<void> {
    return this.#options.store.write(() => this.#note(update, bot, this.#options.now()));
  }

  /** The webhook that this bridge has set. */
  webhook(botId: number): string | undefined {
    const url = this.#sql.next.get(botId)?.webhook;
    return typeof url === "string" ? url : undefined;
  }

  rememberWebhook(botId: number, url: string | undefined): Promise<void> {
    return this.#options.store.write(() => void this.#sql.setWebhook.run(botId, url ?? null));
  }

  /** Newest first. Throws RefusedError when they cannot be read. */
  responses(query: ResponseQuery): readonly Response[] {
    return readable(() => this.#sql.responses.all(...asked(query), query.limit).map(toResponse));
  }

  /** How many there are, whatever the limit. Throws RefusedError when they cannot be read. */
  countResponses(query: ResponseQuery): number {
    return readable(() => Number(this.#sql.countResponses.get(...asked(query))?.count));
  }

  /** Deletes old responses; resolves with their number when that is on disk. */
  clearResponses({ client, until, unclaimed }: Clearing): Promise<number> {
    return this.#options.store.write(() => {
      return Number(this.#sql.clearResponses.run(until, client, unclaimed ? 1 : 0).changes);
    });
  }

  /** The first hundred after one of an id, the oldest first. */
  responsesAfter(id: number): readonly Response[] {
    return this.#sql.responsesAfter.all(id).map(toResponse);
  }

  /** Id of the newest; 0 when there is none. */
  get newestResponse(): number {
    return Number(this.#sql.newestResponse.get()?.id);
  }

  /** The newest twenty answers to an event, newest first. Throws RefusedError when they cannot be read. */
  responsesTo({ id, client }: EventKey): readonly Response[] {
    return readable(() => this.#sql.responsesTo.all(id, client, RESPONSES_OF_EVENT).map(toResponse));
  }

  /** Deletes old responses, a small batch at a time; true when there may be more. */
  prune(): Promise<boolean> {
    const before = this.#options.now() - RESPONSES_KEPT_MS;
    return this.#options.store.write(() => {
      return Number(this.#sql.dropOldResponses.run(PRUNE_BATCH, before).changes) === PRUNE_BATCH;
    });
  }

  #isTaken({ id }: Update, bot: Bot, at: number): boolean {
    const row = this.#sql.taken.get(bot.id, id);
    return row !== undefined && Number(row.at) > at - TAKEN_KEPT_MS;
  }

  #note({ id }: Update, bot: Bot, at: number): void {
    const row = this.#sql.take.get(bot.id, id, at);
    this.#sql.forgetTaken.run(Number(row?.id) - TAKEN_KEPT);
  }

  #effect(meaning: Meaning, at: number): Taken {
    switch (meaning.kind) {
      case "response":
        return { kind: "response", ...(this.#spoken(meaning, at) ?? this.#keepSaid(meaning, at)) };
      case "command":
        return { kind: "command", ...this.#obey(meaning, at) };
      case "click":
        return this.#clicked(meaning, at);
      case "stranger":
        return { kind: "stranger", lines: this.#tell(meaning, at) };
      case "strange_click": {
        const answer = { queryId: meaning.queryId, text: strangerAnswer(meaning.from.id) };
        return { kind: "strange_click", lines: [], answer };
      }
      case "nothing":
        return { kind: "nothing", lines: [] };
    }
  }

  #obey(given: CommandGiven, at: number): Pick<Taken, "lines" | "command" | "afterwards"> {
    const { queue, commands } = this.#options;
    const { chatId, topic } = given;
    const { said, record: command, afterwards } = commands.answer(given, queue.urgentLines(chatId));
    const line = said && queue.addLine({ chatId, ...(topic !== undefined && { topic }), ...said, urgent: true }, at);
    return { lines: line === undefined ? [] : [line], command, ...(afterwards && { afterwards }) };
  }

  /** Of what answers prompts only the answer that decides one is a response. */
  #spoken(said: Said, at: number): Pick<Taken, "lines" | "event" | "record"> | undefined {
    const vote = spokenVoteIn(said);
    const effect = vote && this.#options.spoken(vote, at);
    if (effect === undefined) return undefined;
    const { chatId, topic, from, messageId } = said;
    const { answer: text, lines, record, decision } = effect;
    const event = record && { id: record.approval.id, client: record.approval.client };
    if (decision !== undefined)
      this.#keep({ at, kind: "click", from, chatId, topic, messageId, text: decision, event });
    const place = { chatId, ...(topic !== undefined && { topic }) };
    const line = this.#options.queue.addLine({ ...place, text, entities: [], urgent: true }, at);
    return { lines: line === undefined ? lines : [...lines, line], ...(record && { record }), ...(event && { event }) };
  }

  #keepSaid(said: Said, at: number): Pick<Taken, "lines" | "event" | "client" | "afterwards"> {
    const { queue, hearing } = this.#options;
    const { type: kind, from, chatId, topic, messageId, text, repliesTo } = said;
    const event = repliesTo === undefined ? undefined : queue.eventOfMessage(chatId, repliesTo);
    const to: Addressed | undefined = hearing.addressee(said, event);
    const response = this.#keep({ at, kind, from, chatId, topic, messageId, text, event, session: to?.session });
    const answered = event && { event: { id: event.id, client: event.client } };
    if (to === undefined) return { lines: event === undefined ? hearing.nobody(said, at) : [], ...answered };
    return { ...answered, client: to.session.client, ...hearing.hear(said, to, response, at) };
  }

  /** Of the clicks under something that is to be decided only the one that decides it is a response. */
  #clicked(click: Clicked, at: number): Taken {
    const { queryId, message, from, data } = click;
    const effect = this.#options.decide(click, at);
    if (effect === undefined) {
      const event = this.#options.queue.eventOfMessage(message.chatId, message.messageId);
      this.#keep({ at, kind: "click", from, ...message, text: data, event });
      const answered = event && { event: { id: event.id, client: event.client } };
      return { kind: "click", lines: [], answer: { queryId, text: "Received" }, ...answered };
    }
    const { answer: text, lines, record, decision } = effect;
    if (decision !== undefined)
      this.#keep({ at, kind: "click", from, ...message, text: decision, event: record?.approval });
    const kind = record === undefined || record.what.startsWith("refused") ? "void_click" : "click";
    return { kind, lines, answer: { queryId, text }, ...(record && { record, event: record.approval }) };
  }

  /** Its id. What is said to a session is its client's alone. */
  #keep({ at, kind, from, chatId, topic, messageId, text, event, session }: Kept): number {
    const { id, first_name, username = null } = from;
    const whose = [event?.id ?? null, session?.client ?? event?.client ?? null, session?.row ?? null] as const;
    const columns = [at, kind, id, username, first_name, chatId, topic ?? null, messageId, text, ...whose] as const;
    const row = this.#sql.insertResponse.get(...columns);
    this.#sql.dropResponses.run(Number(row?.id) - RESPONSES_KEPT);
    return Number(row?.id);
  }

  #tell(stranger: Stranger, at: number): readonly PendingMessage[] {
    const { pairings, queue } = this.#options;
    const told = stranger.chatId > 0 ? pairings.tell(stranger.from, at) : "as a stranger";
    if (told === "as a stranger") return this.#tellStranger(stranger, at);
    const line = told.line && queue.addLine({ chatId: stranger.chatId, ...told.line }, at);
    return line === undefined ? [] : [line];
  }

  /** At most one line an hour for each: a memory that is full of people tells nobody more. */
  #tellStranger({ from: { id }, chatId, topic }: Stranger, at: number): readonly PendingMessage[] {
    this.#sql.forgetStrangers.run(at - STRANGER_LINE_EVERY_MS);
    if (Number(this.#sql.countStrangers.get()?.count) >= STRANGERS_REMEMBERED) return [];
    if (Number(this.#sql.rememberStranger.run(id, at).changes) === 0) return [];
    const line = this.#options.queue.addLine({ chatId, ...(topic && { topic }), ...strangerLine(id) }, at);
    return line === undefined ? [] : [line];
  }
}

type Stranger = Extract<Meaning, { kind: "stranger" }>;

type Kept = {
  readonly at: number;
  readonly kind: Response["kind"];
  readonly from: Person;
  readonly chatId: number;
  readonly topic?: number | undefined;
  readonly messageId: number;
  readonly text: string;
  readonly event: EventKey | undefined;
  readonly session?: KeptSession | undefined;
};

function asked({ since, client, kind, before, session }: ResponseQuery) {
  return [since, client ?? null, kind ?? null, before ?? null, session ?? null] as const;
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw refusalOf(error);
  }
}

function toResponse(row: Readonly<Record<string, unknown>>): Response {
  const { id, at, kind, user_id, username, first_name, chat_id, message_id, text, event_id, topic, session } = row;
  return {
    id: Number(id),
    at: new Date(Number(at)).toISOString(),
    kind: kind as Response["kind"],
    user_id: Number(user_id),
    username: username === null ? null : String(username),
    first_name: first_name === null ? null : String(first_name),
    chat_id: Number(chat_id),
    message_id: message_id === null ? null : Number(message_id),
    text: String(text),
    event_id: event_id === null ? null : String(event_id),
    topic: topic === null ? null : Number(topic),
    session: session === null ? null : String(session),
  };
}
