import type { DeadLetterQuery } from "../../../contract/dead-letters.ts";
import type { EventWeight, TaskPhase } from "../../../contract/event-types.ts";
import type { Priority } from "../../../contract/priority.ts";
import type { FormattedText, TextEntity } from "../formatting/formatted-text.ts";
import type { Destination } from "../routing/destination.ts";

/** Client and event of what the bridge says by itself. No client can be called so. */
export const BRIDGE_ITSELF = "";

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
  /** Records how a request ended. Resolves with the message's event when that was the last of its messages. */
  settle(id: number, settlement: Settlement): Promise<SettledEvent | undefined>;
  /** Keeps a pause of the whole bot over restarts; times in milliseconds since the epoch. */
  pauseUntil(time: number): Promise<void>;
  /** From now on `from` is `to`, for queued and for later messages. */
  migrateChat(from: number, to: number): Promise<void>;
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

/** The call by which an event came to a server. */
export type EventCall = { readonly at: number; readonly requestId: string; readonly traceId?: string | undefined };

export type NewEvent = {
  readonly id: string;
  /** Whose it is: quotas and turns hang on it. */
  readonly client: string;
  readonly acceptedAt: number;
  readonly messages: readonly NewMessage[];
  /** Further messages that are not sent, because the people have muted the bot. Default: 0. */
  readonly muted?: number;
  /** What events that say the same have in common. Default: it says what no other one says. */
  readonly content?: Uint8Array;
  /** From when on its messages are not worth sending, Unix time in milliseconds. Default: never. */
  readonly expiresAt?: number | undefined;
  /** Undefined: not known. */
  readonly call?: EventCall | undefined;
  /** Set when it says how far a task is, or that it is over. */
  readonly task?: { readonly id: string; readonly phase: TaskPhase } | undefined;
  /** Row of the session that says it. Default: none does. */
  readonly session?: number | undefined;
};

export type NewMessage = Destination & {
  readonly part: number;
  readonly text: string;
  readonly entities: readonly TextEntity[];
  readonly keyboard?: Keyboard;
  /** How much it matters. Default: ordinary. */
  readonly weight?: EventWeight;
  /** Default: normal. */
  readonly priority?: Priority;
  /** The message of the chat that it answers. */
  readonly replyTo?: number;
  /** A photo or document, of which the text is the caption. One that several messages have is stored once. */
  readonly file?: OutgoingFile;
};

export type OutgoingFile = {
  /** How Telegram shows it. */
  readonly kind: "photo" | "document";
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
};

/** Rows of buttons under a message. */
export type Keyboard = readonly (readonly Button[])[];

/** `data` comes back when somebody presses it: 1 to 64 bytes. */
type Button = { readonly text: string; readonly data: string };

/** `copies`: a request before may have brought another one to the same chat. */
export type SentKeyboard = { readonly chatId: number; readonly messageId: number; readonly copies: boolean };

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

export type PendingMessage = {
  /** Grows in order of acceptance. */
  readonly id: number;
  readonly chatId: number;
  readonly client: string;
  /** Not to be sent before this time; 0 = at once. */
  readonly notBefore: number;
  /** Of pacing/lanes.ts. Default: that of what is normal. */
  readonly lane?: number;
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

export type OutgoingMessage = Destination & {
  readonly id: number;
  readonly eventId: string;
  readonly client: string;
  readonly part: number;
  readonly text: string;
  readonly entities: readonly TextEntity[];
  readonly keyboard: Keyboard | undefined;
  /** The text is its caption. */
  readonly file: OutgoingFile | undefined;
  /** The message that it takes the place of; undefined for a new one. */
  readonly edits: number | undefined;
  /** The message of the chat that it answers. */
  readonly replyTo: number | undefined;
  readonly weight: EventWeight;
  /** Requests before this one. */
  readonly attempts: number;
  /** Those of them that failed for a reason which may be the message's own. */
  readonly failures: number;
  /** An earlier request may have reached Telegram. */
  readonly uncertain: boolean;
  readonly createdAt: number;
  /** From when on it is not worth sending. Undefined: never. */
  readonly expiresAt: number | undefined;
  /** It shows how far a task is. */
  readonly isProgress: boolean;
  /** The message that it edits shows the same already: nothing is to be sent. */
  readonly isShown: boolean;
};

export type Settlement =
  /** It is deleted: its event alone stays, so that a repeated one is recognised. */
  | { readonly kind: "sent"; readonly at: number; readonly telegramMessageId: number }
  /** `givenUp`: Telegram has not refused it, nor its chat. */
  | { readonly kind: "failed"; readonly at: number; readonly error: string; readonly givenUp?: boolean }
  /** There was no request: the person has muted the bot. It is deleted and counted. */
  | { readonly kind: "muted"; readonly at: number }
  /** There was no request: it was not worth one any more. It is deleted and counted. */
  | { readonly kind: "expired"; readonly at: number }
  /** There was no request: people see what it says already. It is deleted, as one that was sent. */
  | { readonly kind: "unchanged"; readonly at: number }
  | {
      readonly kind: "retry";
      readonly at: number;
      readonly notBefore: number;
      readonly error: string;
      /** Telegram may have the message all the same. */
      readonly uncertain: boolean;
      /** It counts as a failure of the message. Default: false. */
      readonly counts?: boolean;
      /** Drop the entities: Telegram refused them. */
      readonly plain: boolean;
      /** Drop the topic: Telegram refused it, with the words of `error`. */
      readonly outOfTopic?: boolean;
      /** The message that it edits is gone: it becomes a new one. */
      readonly asNew?: boolean;
      /** Telegram does not take its file as a photo. */
      readonly asDocument?: boolean;
    };

/** What the bridge says by itself, to somebody who spoke to it. */
export type Line = FormattedText &
  Omit<Destination, "publicName"> & {
    readonly keyboard?: Keyboard;
    /** The message that it takes the place of. */
    readonly edits?: number;
    /** Somebody waits for it: it goes before what others want to say, and has room in a full queue. */
    readonly urgent?: true;
  };

/** An event, when none of its messages waits any more. */
export type SettledEvent = {
  readonly id: string;
  readonly client: string;
  /** With those that were not sent. */
  readonly total: number;
  readonly refused: number;
  /** Not sent, because the people had muted the bot. */
  readonly muted: number;
  /** Not sent, because it was not worth sending any more. */
  readonly expired: number;
  /** Not sent, because a later progress of its task took its place. */
  readonly replaced: number;
};

/** An event is its client's: another one's may have the same id. */
export type EventKey = Pick<SettledEvent, "id" | "client">;

/** The event of a message, and the row of the session that said it, if one did. */
export type SaidBy = EventKey & { readonly session?: number };

export type EventRecord = SettledEvent & {
  readonly acceptedAt: number;
  /** When a message was last sent or refused. */
  readonly settledAt?: number;
  readonly waiting: number;
  /** The first 20 that wait, in order, with what their last request failed by. */
  readonly next: readonly { readonly chatId: number; readonly error?: string }[];
  /** The newest 20 chats that refused it, with Telegram's words. */
  readonly refusals: readonly { readonly chatId: number; readonly error: string; readonly at: number }[];
};

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
