import { z } from "zod";
import type { Accepted, BridgeStatus } from "./bridge-status.ts";

/** Body of `202 Accepted`, as read from the wire. */
export const acceptedSchema = z.object({
  event_id: z.string(),
  messages: z.number(),
  duplicate: z.boolean(),
  warnings: z.array(z.string()).exactOptional(),
}) satisfies z.ZodType<Accepted>;

export const telegramStatusSchema = z.object({
  reachable: z.boolean().describe("The last request to the Bot API was answered"),
  bot_username: z.string().exactOptional(),
  error: z.string().exactOptional().describe("Why Telegram is not reachable"),
  checked_at: z.string().describe("RFC 3339"),
});

export const queueStatusSchema = z.object({
  usable: z.boolean(),
  pending: z.number().describe("Messages accepted and not yet delivered"),
  oldest_age_seconds: z.number(),
  failed: z.number().describe("Messages that Telegram refused for good"),
  limit: z.number(),
  error: z.string().exactOptional(),
});

export const refusalSchema = z.object({
  chat_id: z.number(),
  reason: z.string().describe("Why Telegram takes no message for the chat"),
  hint: z.string().exactOptional().describe("What to do about it"),
  messages: z.number().describe("Messages refused since one arrived"),
  at: z.string().describe("RFC 3339"),
});

export const waitingSchema = z.object({
  reason: z.string().describe("Why nothing, or not everything, is delivered just now"),
  until: z.string().describe("RFC 3339 time of the next try"),
});

export const bridgeMetricsSchema = z.object({
  uptime_seconds: z.number(),
  events_processed: z.number(),
  telegram_messages_sent: z.number(),
  error_count: z.number(),
  memory_usage_mb: z.number(),
  cpu_usage_percent: z.number(),
});

export const healthSchema = z.enum(["healthy", "degraded", "unhealthy"]);

/** Body of `GET /status`, as read from the wire. */
export const bridgeStatusSchema = z.object({
  running: z.literal(true),
  health: healthSchema,
  version: z.string(),
  uptime_seconds: z.number(),
  telegram: telegramStatusSchema,
  queue: queueStatusSchema,
  // A bridge of the version before, in the middle of an upgrade, does not tell.
  refusals: z.array(refusalSchema).default([]),
  waiting: waitingSchema.exactOptional(),
  metrics: bridgeMetricsSchema,
  last_event_time: z.string().exactOptional(),
}) satisfies z.ZodType<BridgeStatus>;
