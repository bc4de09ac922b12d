import * as z from "zod";
import { hashOf } from "./signature.ts";

/** What the bridge's relay holds and answers at most. Bytes are those of UTF-8. */
export const relayLimits = Object.freeze({
  /** Of one message's text. */
  messageBytes: 256 * 1024,
  log: Object.freeze({ bytes: 16 * 1024 * 1024, messages: 10_000, ageMs: 600_000 }),
  kept: Object.freeze({ bytes: 8 * 1024 * 1024, values: 10_000, bytesOfTopic: 1024 * 1024 }),
  /** Polls that wait at the same time. */
  followers: 64,
  /** Of the messages in one answer; the next answer goes on. */
  answerBytes: 1024 * 1024,
  /** Longest wait of a poll. */
  waitMs: 25_000,
  /** Body of a request: a text may be escaped. */
  bodyBytes: 2 * 1024 * 1024,
});

/** Topics, keys and ids: 1 to 256 printable ASCII characters. */
export const relayName = /^[\x20-\x7e]{1,256}$/;

const name = z.string().regex(relayName, "expected 1 to 256 printable ASCII characters");
const position = z.int().min(0);

const message = z.object({ position, topic: z.string(), text: z.string() });
const messages = z.array(message).readonly();
/** Changes with every start of the relay. */
const epoch = z.string().max(64);
const missed = z.boolean().describe("The log does not hold everything after the position that was asked from");

/** The body of `POST /relay/publish`. */
export const publishSchema = z.object({
  topic: name,
  text: z.string(),
  keep: name
    .exactOptional()
    .describe("The text stays as the topic's value under this key; an empty text deletes the value"),
  id: name.exactOptional().describe("A message that comes again with its id is not taken twice"),
});

export const publishedSchema = z.object({ position });

/** The body of `POST /relay/follow`. */
export const followSchema = z.object({
  after: z.union([position, z.literal("now")]),
  wait_ms: z.int().min(0).max(relayLimits.waitMs),
  epoch: epoch.exactOptional().describe("Where the position comes from"),
});

/** Messages of all topics after a position, in order. */
export const followedSchema = z.object({ messages, position, missed, epoch });

/** The body of `POST /relay/recall`. */
export const recallSchema = z.object({ topic: name, after: position.exactOptional() });

/** Messages of one topic after a position, in order, and the topic's values. */
export const recalledSchema = z.object({
  messages,
  kept: z.record(z.string(), z.string()).readonly(),
  position: position.describe("Everything of the topic up to here is told"),
  missed,
  more: z.boolean().describe("There is more after the position"),
});

export type RelayMessage = Readonly<z.output<typeof message>>;
export type Publication = Readonly<z.output<typeof publishSchema>>;
export type Published = Readonly<z.output<typeof publishedSchema>>;
export type FollowRequest = Readonly<z.output<typeof followSchema>>;
export type Followed = Readonly<z.output<typeof followedSchema>>;
export type RecallRequest = Readonly<z.output<typeof recallSchema>>;
export type Recalled = Readonly<z.output<typeof recalledSchema>>;

/** Topic on which the bridge says that its status changed. */
export const statusTopic = "status";

/** What the bridge publishes on the topic of an event. */
export const eventNoticeSchema = z.object({ event_id: z.string(), client: z.string(), state: z.string() });

/** What the bridge publishes on the topic of its status. */
export const statusNoticeSchema = z.object({ health: z.string(), telegram_reachable: z.boolean() });

/**
 * Topic on which the bridge tells the states of an event. An id that is no name of a topic stands there by its hash.
 *
 * @example
 * ```ts
 * eventTopic("e1"); // => event/e1
 * eventTopic("größe").length; // => 71
 * ```
 */
export function eventTopic(eventId: string): string {
  return /^[\x20-\x7e]{1,128}$/.test(eventId) ? `event/${eventId}` : `event/#${hashOf(eventId)}`;
}
