import { shownTime } from "../formatting/shown-time.ts";
import type { EventKey } from "../queue/event.ts";
import type { PendingMessage } from "../queue/message.ts";
import type { Queue } from "../queue/queue.ts";
import type { Said } from "../receiving/meaning.ts";
import type { Attachments } from "./attachments.ts";
import { bindingOf } from "./binding-of.ts";
import type { BindingPlace, Bindings } from "./bindings.ts";
import { contentOf, metaOf } from "./channel-event.ts";
import type { ChannelEvents, Place } from "./channel-events.ts";
import { isHere, type KeptSession } from "./kept-session.ts";
import type { SessionTable } from "./session-table.ts";
import type { Sessions } from "./sessions.ts";

export type HearingOptions = {
  readonly sessions: Pick<Sessions, "ring">;
  readonly table: Pick<SessionTable, "byRow" | "newest">;
  readonly bindings: Bindings;
  readonly events: ChannelEvents;
  readonly attachments: Attachments;
  readonly queue: Pick<Queue, "addLine">;
  /** IANA name of the zone in which people are told times. */
  readonly timeZone: string;
  /** Something for a session is on disk. */
  readonly onKept: (place: Place) => void;
};

/** What somebody said to a session. */
export type Addressed = { readonly session: KeptSession; readonly binds: boolean };

/** What follows from it. */
export type Heard = { readonly lines: readonly PendingMessage[]; readonly afterwards?: () => void };

/** A chat that is told that nobody hears it, or that what waits is too much, is told so again after this time only. */
const SAME_LINE_EVERY_MS = 3_600_000;
const LINES_REMEMBERED = 1_000;

/** Finds the session that somebody speaks to, and keeps for it what was said; in the transaction of the update. */
export class Hearing {
  readonly #options: HearingOptions;
  /** When a chat was told something last. */
  readonly #told = new Map<string, number>();

  constructor(options: HearingOptions) {
    this.#options = options;
  }

  isBound(place: BindingPlace): boolean {
    return this.#options.bindings.at(place) !== undefined;
  }

  /** `answered`: the event whose message is answered. Undefined: no session is spoken to. */
  addressee(
    { chatId, topic }: Said,
    answered: (EventKey & { readonly session?: number }) | undefined,
  ): Addressed | undefined {
    const { bindings, table } = this.#options;
    const chat = bindings.at({ chatId })?.session;
    const place = topic === undefined ? chat : bindings.at({ chatId, topic })?.session;
    const found = bindingOf({
      isPrivate: chatId > 0,
      ...{ topic, place, chat },
      answered: answered && { session: answered.session },
    });
    const session = found.session === undefined ? undefined : table.byRow(found.session);
    return session && { session, binds: found.binds };
  }

  /** Keeps it for the session; `response` is its id among the responses. */
  hear(said: Said, { session, binds }: Addressed, response: number, at: number): Heard {
    const { bindings, events, attachments, sessions, queue, timeZone, onKept } = this.#options;
    const { chatId, topic, messageId } = said;
    const place = { chatId, ...(topic !== undefined && { topic }) };
    const isFirst = !events.hasOpenIn(session.row, chatId);
    const file = said.file && attachments.add(session.row, said.file, at);
    const [content, meta] = [contentOf(said), metaOf(said, file)];
    const isFull = events.addMessage({ session: session.row, at, chatId, messageId, content, meta, response });
    if (binds) bindings.bind({ ...place, session: session.row, by: said.from.id, at, made: false });
    const told = [
      binds && `What is said here goes to ${session.name} from now on. /unbind ends that.`,
      isFirst && !isHere(session, at) && `Kept: ${session.name} is away since ${shownTime(session.heardAt, timeZone)}.`,
      isFull &&
        this.#isNews(`full ${session.row} ${chatId}`, at) &&
        `More waits for ${session.name} than is kept: the oldest message went.`,
    ].filter((line) => typeof line === "string");
    const line = told.length > 0 && queue.addLine({ ...place, text: told.join("\n"), entities: [] }, at);
    const afterwards = () => {
      sessions.ring(session);
      onKept({ chatId, messageId, ...(topic !== undefined && { topic }) });
    };
    return { lines: line ? [line] : [], afterwards };
  }

  /** Somebody speaks, answers nothing, and there are sessions that could be meant. */
  nobody({ chatId, topic, repliesTo }: Said, at: number): readonly PendingMessage[] {
    const { table, queue } = this.#options;
    if (repliesTo !== undefined || table.newest(1).length === 0 || !this.#isNews(`nobody ${chatId}`, at)) return [];
    const text =
      "No session hears you here. /sessions lists those that there are, and /bind NAME lets one of them hear what is said here.";
    const line = queue.addLine({ chatId, ...(topic !== undefined && { topic }), text, entities: [] }, at);
    return line === undefined ? [] : [line];
  }

  #isNews(what: string, at: number): boolean {
    const last = this.#told.get(what);
    if (last !== undefined && at < last + SAME_LINE_EVERY_MS) return false;
    if (this.#told.size >= LINES_REMEMBERED) this.#told.clear();
    this.#told.set(what, at);
    return true;
  }
}
