import type { EventWeight } from "../../../contract/event-types.ts";
import type { Priority } from "../../../contract/priority.ts";
import type { FormattedText, TextEntity } from "../formatting/formatted-text.ts";
import type { Destination } from "../routing/destination.ts";

/** Client and event of what the bridge says by itself. No client can be called so. */
export const BRIDGE_ITSELF = "";

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

/** What the bridge says by itself, to somebody who spoke to it. */
export type Line = FormattedText &
  Omit<Destination, "publicName"> & {
    readonly keyboard?: Keyboard;
    /** The message that it takes the place of. */
    readonly edits?: number;
    /** Somebody waits for it: it goes before what others want to say, and has room in a full queue. */
    readonly urgent?: true;
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

/** `copies`: a request before may have brought another one to the same chat. */
export type SentKeyboard = { readonly chatId: number; readonly messageId: number; readonly copies: boolean };
