import * as z from "zod";
import { eventStates } from "./event-status.ts";
import { healthWords } from "./health.ts";
import { hashOf } from "./signature.ts";

/** What a relay holds and answers at most. Bytes are those of UTF-8. */
export type RelayLimits = {
  readonly log: { readonly bytes: number; readonly messages: number; readonly ageMs: number };
  /** Values that topics keep, of all topics and of one. */
  readonly kept: { readonly bytes: number; readonly values: number; readonly bytesOfTopic: number };
  /** Polls that wait at the same time. */
  readonly followers: number;
  /** Of the messages in one answer; the next answer goes on. */
  readonly answerBytes: number;
};

export const relayLimits: RelayLimits = Object.freeze({
  log: Object.freeze({ bytes: 16 * 1024 * 1024, messages: 10_000, ageMs: 600_000 }),
  kept: Object.freeze({ bytes: 8 * 1024 * 1024, values: 10_000, bytesOfTopic: 1024 * 1024 }),
  followers: 64,
  answerBytes: 1024 * 1024,
});

/** Of one message's text. */
export const relayMessageBytes = 256 * 1024;

/** Of the body of a request to the relay: JSON writes some characters of a text as six. */
export const relayBodyLimit = 2 * 1024 * 1024;

/** Longest wait of a poll, in milliseconds. */
export const longestPollMs = 25_000;

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
  wait_ms: z.int().min(0).max(longestPollMs),
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

/** Topic on which servers, and people with kubectl, say whose bans have to end. */
export const liftedBanTopic = "bans/lifted";

/** What is said there. */
export const liftedBanSchema = z.object({ address: z.string().max(80), by: z.string() });

/** Topic on which the bridge says that its status changed. */
export const statusTopic = "status";

/** Topic on which the bridge says that somebody said something. */
export const responsesTopic = "responses";

/** What the bridge publishes on the topic of responses; without a client the response is for every one. */
const responseNoticeSchema = z.object({
  event_id: z.string().exactOptional(),
  client: z.string().exactOptional(),
});

export type ResponseNotice = Readonly<z.output<typeof responseNoticeSchema>>;

/** What the bridge publishes on the topic of an event: its state is another now, or somebody answered it. */
export const eventNoticeSchema = z.object({ event_id: z.string(), client: z.string(), state: z.enum(eventStates) });

export type EventNotice = Readonly<z.output<typeof eventNoticeSchema>>;

/** What the bridge publishes on the topic of its status. */
export const statusNoticeSchema = z.object({ health: z.enum(healthWords), telegram_reachable: z.boolean() });

export type StatusNotice = Readonly<z.output<typeof statusNoticeSchema>>;

/**
 * Topic on which the bridge tells how an approval goes on.
 *
 * @example
 * ```ts
 * approvalTopic("deploy-7"); // => approval/deploy-7
 * ```
 */
export function approvalTopic(approvalId: string): string {
  return topicOf("approval", approvalId);
}

/** Of the doorbell of a session: something waits, or its holder is another one. */
const channelNoticeSchema = z.object({
  client: z.string(),
  name: z.string(),
  generation: z.int().min(0).describe("Of whoever listens now"),
  waiting: z.int().min(0),
});

export type ChannelNotice = Readonly<z.output<typeof channelNoticeSchema>>;

/**
 * Topic on which the bridge rings when something waits for a session. It is no more than a bell: what waits is asked for.
 *
 * @example
 * ```ts
 * channelTopic(7); // => channel/7
 * ```
 */
export function channelTopic(session: number): string {
  return `channel/${session}`;
}

/**
 * Topic on which the bridge tells that the sessions of a client are others now, or something else waits for them.
 *
 * @example
 * ```ts
 * sessionsTopic("ci"); // => sessions/ci
 * ```
 */
export function sessionsTopic(client: string): string {
  return topicOf("sessions", client);
}

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
  return topicOf("event", eventId);
}

function topicOf(kind: string, id: string): string {
  return /^[\x20-\x7e]{1,128}$/.test(id) ? `${kind}/${id}` : `${kind}/#${hashOf(id)}`;
}
