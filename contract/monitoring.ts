import * as z from "zod";
import { deadLetterSchema } from "./dead-letters.ts";
import { eventStatusSchema } from "./event-status.ts";
import { healthWords } from "./health.ts";
import { banReasons } from "./metric-names.ts";

/** Texts that clients or people wrote are cut to this many characters before they are shown. */
const text = z.string().max(256);
const time = z.string().max(64).describe("RFC 3339");
const count = z.int().min(0);
const perMinute = z.number().min(0);

const podRoles = ["server", "bridge"] as const;

/** One process of a resource, as it tells about itself. */
export const podReportSchema = z.object({
  name: text.describe("INSTANCE_ID: in Kubernetes the name of the pod"),
  role: z.enum(podRoles),
  version: text,
  started_at: time,
  seen_at: time.describe("When it last told"),
  health: z.enum(healthWords),
  reasons: z.array(text).max(20).readonly().describe("Why it is not healthy"),
  draining: z.boolean(),
  memory_bytes: count,
  event_loop_delay_ms: z.number().min(0),
  streams: count.describe("Clients that listen: streams and WebSockets"),
  per_minute: z
    .object({
      requests: perMinute,
      errors: perMinute.describe("Answers with 5xx"),
      limited: perMinute.describe("Requests over a limit"),
      unauthenticated: perMinute.describe("Requests without a valid key"),
      tool_calls: perMinute,
    })
    .describe("Means of the last minute"),
});

export const shownBanSchema = z.object({
  address: text,
  reason: z.enum(banReasons),
  client: text.exactOptional().describe("The client whose key is refused there; absent: whoever shows no valid key"),
  since: time,
  until: time,
  pods: z.array(text).max(100).readonly().describe("Servers on which it lasts"),
});

/** What can have happened. */
export const activityKinds = [
  "accepted",
  "delivered",
  "refused",
  "muted",
  "expired",
  "approval_asked",
  "approval_ended",
  "reply",
  "delivery_stopped",
  "delivery_resumed",
  "dead_letter_retried",
  "dead_letter_dropped",
  "telegram_paused",
  "telegram_unreachable",
  "telegram_reachable",
  "ban",
  "ban_lifted",
  "started",
] as const;

/** Something that happened, without the text of any message. */
const activitySchema = z.object({
  at: time,
  kind: z.enum(activityKinds),
  text: text.describe("One line for people"),
  event_id: z.string().exactOptional(),
  client: text.exactOptional(),
  pod: text.exactOptional(),
});

/** An alert of docs/monitoring.md that would fire, judged without a Prometheus. */
const shownAlertSchema = z.object({
  name: text,
  severity: z.enum(["critical", "high", "warning"]),
  message: text,
  since: time.describe("Since when its condition holds"),
  firing: z.boolean().describe("False: its condition holds, but not for as long yet as the alert waits"),
});

const shownApprovalSchema = z.object({
  approval_id: z.string(),
  client: text,
  title: text,
  asked_at: time,
  expires_at: time,
  votes: count,
  required: count,
});

/** What the bridge knows: the body of its `GET /monitoring`, signed. */
export const bridgeMonitoringSchema = z.object({
  bridge: podReportSchema,
  telegram: z.object({
    reachable: z.boolean(),
    since: time.exactOptional(),
    latency_ms: z.number().min(0).exactOptional(),
    error: text.exactOptional(),
    bot_username: text.exactOptional(),
  }),
  receiving: z
    .object({ mode: text, receiving: z.boolean(), error: text.exactOptional(), hint: text.exactOptional() })
    .exactOptional(),
  paused: z.object({ since: time, by: text.exactOptional() }).exactOptional().describe("A client has stopped delivery"),
  fenced: z
    .object({ since: time })
    .exactOptional()
    .describe("The operator has fenced the bridge: it asks Telegram nothing"),
  queue: z.object({
    usable: z.boolean(),
    error: text.exactOptional(),
    pending: count,
    limit: count,
    oldest_age_seconds: z.number().min(0),
    dead_letters: count,
  }),
  /** Of the last hour. */
  deliveries: z.object({
    accepted_events: count,
    delivered: count.describe("Messages"),
    refused: count,
    retries: count,
    average_ms: z.number().min(0).nullable().describe("From acceptance to Telegram's answer; null: none was delivered"),
    slowest_ms: z.number().min(0).nullable(),
  }),
  pacing: z.object({
    messages_per_second: z.number().describe("The limit over all chats"),
    used_last_second: count,
    waits: z
      .array(z.object({ chat: text, reason: text, until: time.exactOptional() }))
      .max(50)
      .readonly()
      .describe("Chats, or all of them, that wait for a limit or because Telegram asked for a pause"),
  }),
  refusals: z
    .array(z.object({ chat: text, reason: text, messages: count, at: time }))
    .max(50)
    .readonly(),
  approvals: z.array(shownApprovalSchema).max(50).readonly(),
  dead_letters: z.array(deadLetterSchema).max(50).readonly().describe("The newest"),
  activity: z.array(activitySchema).max(100).readonly().describe("The newest first"),
});

/** What the page shows: `GET /api/monitoring/overview`, and each event of `GET /api/monitoring/stream`. */
export const overviewSchema = z.object({
  at: time,
  name: text.describe("Of the resource, or the service"),
  health: z.enum(healthWords),
  since: time.describe("Since when it is in this health"),
  reasons: z.array(text).max(20).readonly(),
  bridge: z
    .discriminatedUnion("reachable", [
      z.object({ reachable: z.literal(true), since: time, state: bridgeMonitoringSchema }),
      z.object({ reachable: z.literal(false), since: time, error: text }),
    ])
    .describe("Unreachable: the page shows what the servers know"),
  pods: z.array(podReportSchema).max(200).readonly().describe("Servers that told in the last 30 s, and the bridge"),
  bans: z.array(shownBanSchema).max(100).readonly().describe("The newest first"),
  bans_total: count,
  alerts: z.array(shownAlertSchema).max(50).readonly(),
  activity: z.array(activitySchema).max(100).readonly().describe("Of servers and bridge, the newest first"),
});

export const seriesNames = [
  "pending",
  "oldest_age_seconds",
  "accepted",
  "delivered",
  "refused",
  "requests",
  "errors",
  "limited",
  "unauthenticated",
] as const;

const values = z.array(z.number().nullable()).max(2000).readonly();

/** `GET /api/monitoring/history?hours=6`, and the bridge's `GET /monitoring/history`, signed: one value for each step of each series, the oldest first. */
export const historySchema = z.object({
  from: count.describe("Unix time in seconds of the first step"),
  step_seconds: count,
  series: z
    .record(z.enum(seriesNames), values)
    .describe("Gauges at the end of the step, counts within it; null: not known"),
});

/** `GET /api/monitoring/events/:id?client=NAME`: one event from the call to Telegram. */
export const eventTraceSchema = z.object({
  status: eventStatusSchema,
  client: text,
  trace_id: z.string().exactOptional().describe("W3C trace id of the call"),
  request_id: z.string().exactOptional(),
  steps: z
    .array(
      z.object({
        at: time,
        what: z.enum([
          "called",
          "accepted",
          "queued",
          "attempted",
          "waiting",
          "delivered",
          "refused",
          "muted",
          "expired",
          "reply",
        ]),
        chat: text.exactOptional(),
        message_id: z.int().exactOptional(),
        detail: text.exactOptional(),
      }),
    )
    .max(200)
    .readonly(),
});

/** What `POST /api/monitoring/actions` does; it needs an API key with the permission, in the header X-API-Key. */
export const actionSchema = z.discriminatedUnion("action", [
  z.strictObject({ action: z.literal("pause_delivery") }),
  z.strictObject({ action: z.literal("resume_delivery") }),
  z.strictObject({ action: z.literal("lift_ban"), address: z.string().max(80) }),
  z.strictObject({ action: z.literal("send_test_message") }),
  z.strictObject({ action: z.literal("retry_dead_letter"), id: count }),
  z.strictObject({ action: z.literal("drop_dead_letter"), id: count }),
]);

export const actionResultSchema = z.object({ done: z.literal(true), message: text });

/** What a key needs for an action. */
export const actionPermissions = Object.freeze({
  pause_delivery: "stop_bridge",
  resume_delivery: "start_bridge",
  lift_ban: "lift_ban",
  send_test_message: "send_telegram_message",
  retry_dead_letter: "manage_dead_letters",
  drop_dead_letter: "manage_dead_letters",
} as const);

export type PodReport = z.output<typeof podReportSchema>;
export type ShownBan = z.output<typeof shownBanSchema>;
export type Activity = z.output<typeof activitySchema>;
export type ShownAlert = z.output<typeof shownAlertSchema>;
export type BridgeMonitoring = z.output<typeof bridgeMonitoringSchema>;
export type Overview = z.output<typeof overviewSchema>;
export type History = z.output<typeof historySchema>;
export type EventTrace = z.output<typeof eventTraceSchema>;
export type Action = z.output<typeof actionSchema>;
