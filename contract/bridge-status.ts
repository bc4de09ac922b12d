import * as z from "zod";
import { healthWords } from "./health.ts";

/** How a bridge hears what people say: it asks Telegram, Telegram calls it, or not at all. */
export const updatesModes = ["Polling", "Webhook", "None"] as const;

/** Schemas of the texts and numbers in a status: a reader that does not trust the bridge cuts and cleans them here. */
export type StatusReaders = {
  readonly text: z.ZodType<string>;
  readonly count: z.ZodType<number>;
  readonly chatId: z.ZodType<number>;
};

const asItIs: StatusReaders = { text: z.string(), count: z.number(), chatId: z.number() };

/** Nothing about them has to be cut: any finite number is fine. */
const bytes = () => z.number().min(0);

/**
 * A chat whose last message Telegram refused for good.
 *
 * @example
 * ```ts
 * const refusal = { chat_id: 1, reason: "chat 1 has blocked the bot", messages: 2, at: "2026-01-01T00:00:00Z" };
 * refusalSchema().parse(refusal).messages; // => 2
 * ```
 */
export function refusalSchema({ text, count, chatId }: StatusReaders = asItIs) {
  return z.object({
    chat_id: chatId.describe("0 while only the chat's public name is known"),
    name: text.exactOptional().describe("Its name in the list of chats"),
    reason: text.describe("Why Telegram takes no message for the chat"),
    hint: text.exactOptional().describe("What to do about it"),
    messages: count.describe("Messages refused since one arrived"),
    at: text.describe("RFC 3339"),
  });
}

/**
 * A topic that takes no messages: they go to the group's General topic.
 *
 * @example
 * ```ts
 * const topic = { chat_id: -100, topic: 7, name: "ops", reason: "it is closed", hint: "open it", at: "2026-01-01T00:00:00Z" };
 * refusedTopicSchema().parse(topic).topic; // => 7
 * ```
 */
export function refusedTopicSchema({ text, count, chatId }: StatusReaders = asItIs) {
  return z.object({
    chat_id: chatId,
    topic: count,
    name: text.describe("The chat's name in the list of chats"),
    reason: text.describe("Why Telegram takes no message for the topic"),
    hint: text.describe("What to do about it"),
    at: text.describe("RFC 3339"),
  });
}

const volumeSchema = z.object({
  size_bytes: bytes().describe("Of the file system that holds the queue"),
  free_bytes: bytes().describe("What the bridge may still write"),
  growth_bytes_per_day: bytes()
    .exactOptional()
    .describe("How fast it filled of late; absent before it was watched for an hour"),
});

/**
 * The body of the bridge's `GET /status`.
 *
 * @example
 * ```ts
 * import * as z from "zod";
 * // A reader that does not trust the bridge reads a part of the status, with schemas of its own.
 * const text = z.string().transform((words) => words.slice(0, 8));
 * const { queue } = bridgeStatusSchema({ text, count: z.number().min(0), chatId: z.int() }).shape;
 * const told = { usable: false, error: "the disk is full", pending: 3, limit: 10_000 };
 * queue.pick({ usable: true, error: true, pending: true }).parse(told).error; // => the disk
 * ```
 */
export function bridgeStatusSchema(readers: StatusReaders = asItIs) {
  const { text, count } = readers;
  return z.object({
    running: z.literal(true),
    health: z.enum(healthWords),
    version: text,
    uptime_seconds: count,
    telegram: z.object({
      reachable: z.boolean().describe("The last request to the Bot API was answered"),
      bot_username: text.exactOptional(),
      error: text.exactOptional().describe("Why Telegram is not reachable"),
      token_refused: z.boolean().exactOptional().describe("It answers, and refuses the bot token: revoked, or wrong"),
      checked_at: text.describe("RFC 3339"),
      since: text.exactOptional().describe("Since when it is reachable or not, RFC 3339"),
      latency_ms: count.exactOptional().describe("How long the last check took"),
    }),
    queue: z.object({
      usable: z.boolean(),
      since: text.exactOptional().describe("Since when it is usable or not, as far as somebody looked, RFC 3339"),
      pending: count.describe("Messages accepted and not yet delivered"),
      oldest_age_seconds: count,
      failed: count.describe("Messages that Telegram refused for good"),
      limit: count,
      error: text.exactOptional(),
    }),
    // A bridge of the version before, in the middle of an upgrade, does not tell. One of this version tells twenty.
    refusals: z.array(refusalSchema(readers)).max(100).readonly().default([]),
    refused_topics: z.array(refusedTopicSchema(readers)).max(100).readonly().exactOptional(),
    waiting: z
      .object({
        reason: text.describe("Why nothing, or not everything, is delivered just now"),
        until: text.describe("RFC 3339 time of the next try"),
      })
      .exactOptional(),
    paused: z
      .object({
        since: text.describe("RFC 3339"),
        by: text.exactOptional().describe("Name of the client that stopped it"),
      })
      .exactOptional()
      .describe("Delivery is stopped until start_bridge resumes it: messages are accepted and kept"),
    fenced: z
      .literal(true)
      .exactOptional()
      .describe("It asks Telegram nothing, as its operator wishes: messages are accepted and kept"),
    fenced_since: text.exactOptional().describe("Since when it is fenced, RFC 3339"),
    // A bridge of the version before does not tell.
    receiving: z
      .object({
        mode: z.enum(updatesModes).describe("How the bridge hears what people say"),
        receiving: z.boolean().describe("What people say reaches the bridge"),
        other_consumer: z.boolean().describe("Another program reads the bot's updates, or did so within five minutes"),
        undelivered: z.boolean().exactOptional().describe("Telegram cannot deliver to the webhook"),
        error: text.exactOptional().describe("Why nothing, or not everything, is received"),
        hint: text.exactOptional().describe("What to do about it"),
        last_answer_at: text.exactOptional().describe("When Telegram last answered, RFC 3339"),
      })
      .exactOptional(),
    // A bridge of the version before does not tell, nor one that cannot ask its file system.
    volume: volumeSchema.exactOptional(),
    metrics: z.object({
      uptime_seconds: count,
      events_processed: count,
      telegram_messages_sent: count,
      error_count: count,
      memory_usage_mb: count,
      cpu_usage_percent: count,
    }),
    last_event_time: text.exactOptional(),
  });
}

export type BridgeStatus = z.output<ReturnType<typeof bridgeStatusSchema>>;
export type TelegramStatus = BridgeStatus["telegram"];
export type QueueStatus = BridgeStatus["queue"];
/** Why Telegram refuses a chat's messages. Texts have at most 256 characters and no control characters. */
export type Refusal = BridgeStatus["refusals"][number];
export type RefusedTopicStatus = NonNullable<BridgeStatus["refused_topics"]>[number];
export type ReceivingStatus = NonNullable<BridgeStatus["receiving"]>;
export type PausedStatus = NonNullable<BridgeStatus["paused"]>;
/** How full the file system of the queue is. */
export type VolumeStatus = NonNullable<BridgeStatus["volume"]>;
export type Waiting = NonNullable<BridgeStatus["waiting"]>;

/**
 * A status for pages that ask for no key: how many chats refuse messages, not which ones, nobody's name, and no disk.
 *
 * @example
 * ```ts
 * const refusal = { chat_id: 1, reason: "chat 1 has blocked the bot", messages: 2, at: "2026-01-01T00:00:00Z" };
 * withoutRecipients({ version: "0.1.0", refusals: [refusal] }).refusals; // => 1
 * ```
 */
export function withoutRecipients<
  Status extends Pick<BridgeStatus, "refusals" | "refused_topics" | "paused"> & { readonly volume?: VolumeStatus },
>({ refusals, refused_topics: _topics, volume: _volume, paused, ...status }: Status) {
  return { ...status, refusals: refusals.length, ...(paused && { paused: { since: paused.since } }) };
}
