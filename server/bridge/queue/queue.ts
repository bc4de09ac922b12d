import type { DeadLetterQuery } from "../../../contract/dead-letters.ts";
import type { FormattedText } from "../formatting/formatted-text.ts";
import type { EventKey, EventRecord, NewEvent, SaidBy, SettledEvent } from "./event.ts";
import type { Line, NewMessage, OutgoingMessage, PendingMessage, SentKeyboard, Settlement } from "./message.ts";

/**
 * The durable queue between the intake and Telegram. All promises resolve only after the change survives a power
 * failure; they reject with `RefusedError` when the queue cannot take it, and then nothing was changed.
 */
export type Queue = {
  /** Stores an event with its messages. The same id again changes nothing and says `duplicate`. */
  accept(event: NewEvent): Promise<Stored>;
  /** What a new process has to go on with. */
  recover(): Promise<Recovered>;
  /** Marks messages as being sent, before the requests leave. */
  begin(ids: readonly number[]): Promise<readonly OutgoingMessage[]>;
  /** Messages that wait and are not worth sending any more, the oldest first; some of them. */
  expired(at: number): readonly Expired[];
  /** Those of some messages that wait for their turn. */
  waiting(ids: readonly number[]): readonly PendingMessage[];
  /** Records how a request ended. Resolves with the message's event when that was the last of its messages. */
  settle(id: number, settlement: Settlement): Promise<SettledEvent | undefined>;
  /** Keeps a pause of the whole bot over restarts; times in milliseconds since the epoch. */
  pauseUntil(time: number): Promise<void>;
  /** From now on `from` is `to`, for queued and for later messages. */
  migrateChat(from: number, to: number): Promise<void>;
  /** The same within the write that calls it, for a chat that messages go to, or that is bound; false for others, and when it is known. */
  moveKnownChat(from: number, to: number): boolean;
  /**
   * Adds a line to the transaction of the write that calls it; undefined when the queue has no room for it. An edit is always
   * taken. It is not among the refused messages when Telegram does not take it.
   */
  addLine(line: Line, at: number): PendingMessage | undefined;
  /** A waiting edit of the same message gets this text instead, within the write that calls it; false when none waits. */
  changeEdit(line: FormattedText & { readonly chatId: number; readonly edits: number }): boolean;
  /** Adds an event to the transaction of the write that calls it. Throws `RefusedError` when there is no room for it. */
  addEvent(event: NewEvent): Stored;
  /** Messages of an event that were sent with buttons, and have not been edited since. */
  keyboardsOf(event: EventKey): readonly SentKeyboard[];
  /** A message whose request's end is not known has come to somebody all the same; within the write that calls it. */
  adoptKeyboard(event: EventKey, keyboard: SentKeyboard): void;
  /** They are edited now, or about to be; within the write that calls it. */
  forgetKeyboards(event: EventKey): void;
  /** The same for one of them. */
  forgetKeyboard(event: EventKey, keyboard: SentKeyboard): void;
  /** One more message of an event that is known, whatever room there is; within the write that calls it. */
  askAgain(event: EventKey, message: NewMessage, at: number): PendingMessage;
  /** Events that have such messages. */
  eventsWithKeyboards(): readonly EventKey[];
  /** True when a message of an event in a chat may have come to somebody without the queue knowing its id. */
  mayHaveCome(event: EventKey, chatId: number): boolean;
  /** The urgent lines that wait for a chat: whoever adds one keeps them few. */
  urgentLines(chatId: number): number;
  /** The event that a message in a chat belongs to; undefined when that is not known, or not any more. */
  eventOfMessage(chatId: number, telegramMessageId: number): SaidBy | undefined;
  /** The newest messages that Telegram refused for good; of one client, or older than another one, where that is asked for. */
  deadLetters(query: DeadLetterQuery): readonly DeadLetter[];
  /**
   * A refused message waits again, in the place that it had; within the write that calls it. Undefined when there is no such
   * refused message, or it is another client's than `owner`. Throws `RefusedError` when there is no room for it.
   */
  revive(id: number, owner?: string): Revived | undefined;
  /** Deletes a refused message; within the write that calls it. Undefined when there is none, or it is another client's. */
  discard(id: number, owner?: string): EventKey | undefined;
  /** Deletes what is older than the retention, a small batch at a time; true when there may be more. */
  prune(before: PruneLimits): Promise<boolean>;
  stats(): QueueStats;
  /** When the next message may go that is held back; undefined when none is, or nobody knows it yet. Throws when it cannot be read. */
  nextHeld(): number | undefined;
  /** Those whose time has come, for delivery; within the write that calls it. Some of them: there may be more. */
  release(at: number): readonly PendingMessage[];
  /** How many messages of each client wait, most first. */
  waitingByClient(): readonly { readonly client: string; readonly messages: number }[];
  /** `client` undefined: the newest of anybody's under this id. Throws `RefusedError` when the queue cannot be read. */
  event(id: string, client: string | undefined): EventRecord | undefined;
  /** The chats whose last message Telegram refused for good. */
  refusedChats(): readonly RefusedChat[];
  /** The id that a chat has now: another one when it migrated, or when its public name was found. */
  currentChat(chatId: number): number;
  close(): Promise<void>;
};

/** A message that Telegram refused for good. */
export type DeadLetter = EventKey & {
  readonly message: number;
  readonly chatId: number;
  /** Telegram's words. */
  readonly error: string;
  readonly at: number;
};

export type Revived = { readonly event: EventKey; readonly pending: PendingMessage };

export type Stored = {
  readonly duplicate: boolean;
  /** Id of the event that said the same; undefined when it is this one, or none. */
  readonly duplicateOf?: string;
  /** Messages that the event became, also when it is a duplicate. */
  readonly count: number;
  /** Those that were not sent, because the people had muted the bot. */
  readonly muted: number;
  /** What has to be delivered now: nothing for a duplicate, and nothing of what is held or has taken the place of what waits. */
  readonly messages: readonly PendingMessage[];
  /** Events whose last message it has taken the place of. Default: none. */
  readonly replaced?: readonly SettledEvent[];
};

/** One that waits: as the pacer knows it, and as it would be sent. */
export type Expired = { readonly pending: PendingMessage; readonly message: OutgoingMessage };

export type Recovered = {
  /** In order of ids. */
  readonly pending: readonly PendingMessage[];
  /** Messages whose request was under way when the last process died: they may be duplicates when sent again. */
  readonly uncertain: number;
  /** Requests of the last minute, for the windows of the limits. */
  readonly sends: readonly Send[];
  readonly pausedUntil: number;
};

type Send = { readonly chatId: number; readonly at: number };

/** Times, in milliseconds since the epoch. */
export type PruneLimits = {
  readonly sentBefore: number;
  readonly failedBefore: number;
  readonly sendsBefore: number;
  /** Of messages that people can still answer. */
  readonly answerableBefore: number;
};

export type QueueStats = {
  readonly usable: boolean;
  /** Why the queue is not usable. */
  readonly error?: string;
  /** True when only a restart can help (a damaged file). */
  readonly broken: boolean;
  readonly pending: number;
  readonly failed: number;
  readonly refusedChats: readonly RefusedChat[];
  readonly refusedTopics: readonly RefusedTopic[];
  /** Acceptance of the oldest undelivered message. */
  readonly oldestAt?: number;
};

export type RefusedChat = {
  readonly chatId: number;
  /** Telegram's words. */
  readonly error: string;
  /** Messages refused since one arrived. */
  readonly messages: number;
  /** The last refusal. */
  readonly at: number;
};

/** A topic that takes no messages: they go to the group's General topic. */
export type RefusedTopic = {
  readonly chatId: number;
  readonly topic: number;
  /** Telegram's words. */
  readonly error: string;
  /** The last refusal. */
  readonly at: number;
};
