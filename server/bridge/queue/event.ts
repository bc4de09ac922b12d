import type { TaskPhase } from "../../../contract/event-types.ts";
import type { NewMessage } from "./message.ts";

/** An event is its client's: another one's may have the same id. */
export type EventKey = Pick<SettledEvent, "id" | "client">;

/** The event of a message, and the row of the session that said it, if one did. */
export type SaidBy = EventKey & { readonly session?: number };

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

/** The call by which an event came to a server. */
export type EventCall = { readonly at: number; readonly requestId: string; readonly traceId?: string | undefined };

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
