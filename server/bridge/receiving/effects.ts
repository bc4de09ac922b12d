import type { ClickEffect, SpokenVote } from "../approvals/clicks.ts";
import type { CommandRecord, Commands } from "../commands/commands.ts";
import type { Pairings } from "../pairing/pairings.ts";
import type { EventKey } from "../queue/event.ts";
import type { PendingMessage } from "../queue/message.ts";
import type { Queue } from "../queue/queue.ts";
import type { Addressed, Hearing } from "../sessions/hearing.ts";
import type { InboxStatements } from "./inbox-statements.ts";
import type { Clicked, CommandGiven, Meaning, Said } from "./meaning.ts";
import type { Responses } from "./responses.ts";
import { spokenVoteIn } from "./spoken-vote.ts";
import { STRANGER_LINE_EVERY_MS, STRANGERS_REMEMBERED, strangerAnswer, strangerLine } from "./stranger-line.ts";

export type EffectsOptions = {
  readonly queue: Pick<Queue, "addLine" | "urgentLines" | "eventOfMessage" | "moveKnownChat">;
  readonly commands: Pick<Commands, "answer">;
  /** Tells somebody who is not on the list how to be put on it. */
  readonly pairings: Pick<Pairings, "tell">;
  /** Finds the session that somebody speaks to, and keeps for it what was said. */
  readonly hearing: Pick<Hearing, "addressee" | "hear" | "nobody">;
  /** A group is another chat now, and that is on disk. */
  readonly onMigrated: (from: number, to: number) => void;
  /** What a click decides, in the same transaction; undefined when it is under nothing that is to be decided. */
  readonly decide: (click: Clicked, at: number) => ClickEffect | undefined;
  /** What a text decides that answers the prompt of a tool; undefined when it answers none. */
  readonly spoken: (vote: SpokenVote, at: number) => ClickEffect | undefined;
};

type Parts = EffectsOptions & {
  readonly responses: Pick<Responses, "keep">;
  readonly sql: Pick<InboxStatements, "forgetStrangers" | "countStrangers" | "rememberStranger">;
};

export const takenKinds = [
  "response",
  "command",
  "click",
  "void_click",
  "stranger",
  "strange_click",
  "migration",
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

/** What an update does, in the transaction that takes it. */
export class Effects {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  of(meaning: Meaning, at: number): Taken {
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
      case "migration":
        return this.#migrated(meaning);
      case "nothing":
        return { kind: "nothing", lines: [] };
    }
  }

  /** Of a group that is nobody's business here nothing is kept. */
  #migrated({ from, to }: Extract<Meaning, { kind: "migration" }>): Taken {
    const { queue, onMigrated } = this.#parts;
    if (!queue.moveKnownChat(from, to)) return { kind: "migration", lines: [] };
    return { kind: "migration", lines: [], afterwards: () => onMigrated(from, to) };
  }

  #obey(given: CommandGiven, at: number): Pick<Taken, "lines" | "command" | "afterwards"> {
    const { queue, commands } = this.#parts;
    const { chatId, topic } = given;
    const { said, record: command, afterwards } = commands.answer(given, queue.urgentLines(chatId));
    const line = said && queue.addLine({ chatId, ...(topic !== undefined && { topic }), ...said, urgent: true }, at);
    return { lines: line === undefined ? [] : [line], command, ...(afterwards && { afterwards }) };
  }

  /** Of what answers prompts only the answer that decides one is a response. */
  #spoken(said: Said, at: number): Pick<Taken, "lines" | "event" | "record"> | undefined {
    const vote = spokenVoteIn(said);
    const effect = vote && this.#parts.spoken(vote, at);
    if (effect === undefined) return undefined;
    const { chatId, topic, from, messageId } = said;
    const { answer: text, lines, record, decision } = effect;
    const event = record && { id: record.approval.id, client: record.approval.client };
    if (decision !== undefined)
      this.#parts.responses.keep({ at, kind: "click", from, chatId, topic, messageId, text: decision, event });
    const place = { chatId, ...(topic !== undefined && { topic }) };
    const line = this.#parts.queue.addLine({ ...place, text, entities: [], urgent: true }, at);
    return { lines: line === undefined ? lines : [...lines, line], ...(record && { record }), ...(event && { event }) };
  }

  #keepSaid(said: Said, at: number): Pick<Taken, "lines" | "event" | "client" | "afterwards"> {
    const { queue, hearing } = this.#parts;
    const { type: kind, from, chatId, topic, messageId, text, repliesTo } = said;
    const event = repliesTo === undefined ? undefined : queue.eventOfMessage(chatId, repliesTo);
    const to: Addressed | undefined = hearing.addressee(said, event);
    const response = this.#parts.responses.keep({
      at,
      kind,
      from,
      chatId,
      topic,
      messageId,
      text,
      event,
      session: to?.session,
    });
    const answered = event && { event: { id: event.id, client: event.client } };
    if (to === undefined) return { lines: event === undefined ? hearing.nobody(said, at) : [], ...answered };
    return { ...answered, client: to.session.client, ...hearing.hear(said, to, response, at) };
  }

  /** Of the clicks under something that is to be decided only the one that decides it is a response. */
  #clicked(click: Clicked, at: number): Taken {
    const { queryId, message, from, data } = click;
    const effect = this.#parts.decide(click, at);
    if (effect === undefined) {
      const event = this.#parts.queue.eventOfMessage(message.chatId, message.messageId);
      this.#parts.responses.keep({ at, kind: "click", from, ...message, text: data, event });
      const answered = event && { event: { id: event.id, client: event.client } };
      return { kind: "click", lines: [], answer: { queryId, text: "Received" }, ...answered };
    }
    const { answer: text, lines, record, decision } = effect;
    if (decision !== undefined)
      this.#parts.responses.keep({ at, kind: "click", from, ...message, text: decision, event: record?.approval });
    const kind = record === undefined || record.what.startsWith("refused") ? "void_click" : "click";
    return { kind, lines, answer: { queryId, text }, ...(record && { record, event: record.approval }) };
  }

  #tell(stranger: Stranger, at: number): readonly PendingMessage[] {
    const { pairings, queue } = this.#parts;
    const told = stranger.chatId > 0 ? pairings.tell(stranger.from, at) : "as a stranger";
    if (told === "as a stranger") return this.#tellStranger(stranger, at);
    const line = told.line && queue.addLine({ chatId: stranger.chatId, ...told.line }, at);
    return line === undefined ? [] : [line];
  }

  /** At most one line an hour for each: a memory that is full of people tells nobody more. */
  #tellStranger({ from: { id }, chatId, topic }: Stranger, at: number): readonly PendingMessage[] {
    this.#parts.sql.forgetStrangers.run(at - STRANGER_LINE_EVERY_MS);
    if (Number(this.#parts.sql.countStrangers.get()?.count) >= STRANGERS_REMEMBERED) return [];
    if (Number(this.#parts.sql.rememberStranger.run(id, at).changes) === 0) return [];
    const line = this.#parts.queue.addLine({ chatId, ...(topic && { topic }), ...strangerLine(id) }, at);
    return line === undefined ? [] : [line];
  }
}

type Stranger = Extract<Meaning, { kind: "stranger" }>;
