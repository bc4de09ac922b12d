import * as z from "zod";
import { bridgeMonitoringSchema, podReportSchema, shownBanSchema } from "./monitoring.ts";

/** How often a server tells about itself; one that has not told for so long is gone, and is missed for so long unless it said that it ends. Milliseconds. */
export const tellingTimes = Object.freeze({ everyMs: 5_000, goneMs: 30_000, missedMs: 900_000 });

/** Servers that the bridge knows at the same time; further ones are refused. */
export const tellingServers = 100;

/** Of the body of a telling, in bytes. */
export const tellingBodyLimit = 128 * 1024;

const total = z.int().min(0);

/** The body of `POST /monitoring/servers`: what a server tells about itself. */
export const serverTellingSchema = z.object({
  process: z.string().min(1).max(64).describe("Another one after each start: two processes may have the same name"),
  report: podReportSchema,
  totals: z
    .object({ requests: total, errors: total, limited: total, unauthenticated: total })
    .describe("Since the start of the process: a telling that is lost, or comes twice, changes nothing"),
  slow_share: z
    .number()
    .min(0)
    .max(1)
    .describe("Of the requests of the last minute those that took longer than HighLatency allows"),
  keys_failed: z.boolean().describe("The file of API keys is absent or unusable"),
  bans: z
    .array(shownBanSchema.omit({ pods: true }))
    .max(100)
    .readonly()
    .describe("The newest first"),
  bans_total: total,
});

/** The answer to it. */
export const toldSchema = z.object({ told: z.literal(true) });

/** The whole body of the bridge's `GET /monitoring`. */
export const bridgeTellingSchema = bridgeMonitoringSchema.extend({
  servers: z.array(serverTellingSchema).max(tellingServers).readonly().describe("Those that told within 30 s"),
  // A bridge of the version before does not tell.
  missing: z
    .array(z.object({ name: z.string().max(256), last_seen_at: z.string().max(64).describe("RFC 3339") }))
    .max(tellingServers)
    .readonly()
    .exactOptional()
    .describe("Servers that fell silent without a word, and in whose place no other one has come"),
  recent: z
    .object({
      refused_15m: total.describe("Messages that Telegram refused for good in the last 15 minutes"),
      signature_failures_per_second: z.number().min(0).describe("Mean of the last 5 minutes"),
      volume_used_percent: z.number().min(0).max(100).exactOptional().describe("Of the file system of the queue"),
    })
    .describe("What alerts are judged by"),
});

/** The query of histories. */
export const historyQuerySchema = z.object({
  hours: z.coerce
    .number()
    .min(1 / 60)
    .max(24)
    .default(6),
});

export type ServerTelling = z.output<typeof serverTellingSchema>;
export type BridgeTelling = z.output<typeof bridgeTellingSchema>;
