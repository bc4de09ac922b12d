import type {
  BridgeStatus,
  PausedStatus,
  QueueStatus,
  ReceivingStatus,
  TelegramStatus,
  VolumeStatus,
  Waiting,
} from "../../../contract/bridge-status.ts";
import type { Fence } from "../../../contract/control.ts";
import type { Health } from "../../../contract/health.ts";
import type { QueueStats } from "../queue/queue.ts";
import type { ShownChats } from "../routing/shown-chats.ts";
import { boundedText } from "./bounded-text.ts";
import { ageSeconds } from "./metrics.ts";
import { refusalsOf, refusedTopicsOf } from "./refusals.ts";

/** A pause that is worth telling; shorter ones are part of a normal flow. */
const LONG_MS = 5_000;
/** A queue that cannot write tries once a second. */
const STORAGE_RETRY_MS = 1_000;

/** Everything that the bridge's health is judged by. */
export type Facts = {
  readonly queue: QueueStats;
  /** Since when it is usable or not, RFC 3339. */
  readonly queueSince?: string;
  readonly queueLimit: number;
  /** It asks Telegram nothing, because somebody wants that. */
  readonly fenced: Fence | undefined;
  readonly telegram: TelegramStatus;
  /** When an unreachable Telegram is asked again. */
  readonly nextCheckAt: number;
  /** The longest wait that Telegram asked for; without `chatId` it holds for the whole bot. */
  readonly pause: { readonly until: number; readonly chatId?: number } | undefined;
  /** Delivery is stopped since then, by that client. */
  readonly paused: PausedStatus | undefined;
  readonly closing: boolean;
  readonly receiving: ReceivingStatus;
  /** Why nothing is received for so long that it is a fault. */
  readonly silence: string | undefined;
  readonly now: number;
};

/** What keeps the bridge from being ready; empty when it is. */
export function obstacles({ queue, fenced, telegram, silence, closing }: Facts): readonly string[] {
  return [
    ...(closing ? ["shutting down"] : []),
    ...(queue.usable ? [] : [`queue not usable: ${queue.error ?? "unknown reason"}`]),
    ...(fenced || telegram.reachable ? [] : [`Telegram not reachable: ${telegram.error ?? "unknown reason"}`]),
    ...(silence === undefined ? [] : [silence]),
  ];
}

/**
 * Unhealthy: events are refused. Degraded: events are kept, but not all are delivered, or they are nearly too many, or what
 * people say is not received.
 */
export function healthOf(facts: Facts): Health {
  const { queue, queueLimit } = facts;
  if (!queue.usable || facts.closing || queue.pending >= queueLimit) return "unhealthy";
  const allArrive = facts.telegram.reachable && queue.refusedChats.length === 0;
  return allArrive && facts.silence === undefined && queue.pending < queueLimit * 0.8 ? "healthy" : "degraded";
}

/** What delivery waits for; undefined when it goes on. */
export function waitingOf({ queue, fenced, telegram, nextCheckAt, pause, now }: Facts): Waiting | undefined {
  const wait = (reason: string, until: number) => ({
    reason: boundedText(reason),
    until: new Date(Math.max(until, now)).toISOString(),
  });
  if (!queue.usable) return wait(`the queue cannot write: ${queue.error ?? "unknown reason"}`, now + STORAGE_RETRY_MS);
  if (fenced) return undefined;
  if (!telegram.reachable) return wait(`Telegram is not reachable: ${telegram.error ?? "unknown reason"}`, nextCheckAt);
  if (pause === undefined || pause.until - now < LONG_MS) return undefined;
  // Not which chat: health pages show this without a key.
  const whose = pause.chatId === undefined ? "" : " with messages to one chat";
  return wait(`Telegram asked the bot to wait${whose}`, pause.until);
}

function queueStatus({ queue, queueSince, queueLimit, now }: Facts): QueueStatus {
  return {
    usable: queue.usable,
    ...(queueSince !== undefined && { since: queueSince }),
    pending: queue.pending,
    oldest_age_seconds: ageSeconds(queue, now),
    failed: queue.failed,
    limit: queueLimit,
    ...(queue.error === undefined ? {} : { error: boundedText(queue.error) }),
  };
}

export type StatusParts = {
  readonly facts: Facts;
  /** How chats are called. Default: by their ids. */
  readonly shown?: ShownChats;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly counts: Pick<BridgeStatus["metrics"], "events_processed" | "telegram_messages_sent" | "error_count">;
  readonly usage: Pick<BridgeStatus["metrics"], "memory_usage_mb" | "cpu_usage_percent">;
  readonly volume?: VolumeStatus | undefined;
  readonly lastEventTime: string | undefined;
};

/** Body of `GET /status`. */
export function statusOf(parts: StatusParts): BridgeStatus {
  const { facts, shown, version, uptimeSeconds, counts, usage, volume, lastEventTime } = parts;
  const { telegram, queue } = facts;
  const topics = refusedTopicsOf(queue.refusedTopics, telegram.bot_username, shown);
  const waiting = waitingOf(facts);
  return {
    running: true,
    health: healthOf(facts),
    version,
    uptime_seconds: uptimeSeconds,
    telegram: telegram.error === undefined ? telegram : { ...telegram, error: boundedText(telegram.error) },
    queue: queueStatus(facts),
    refusals: refusalsOf(queue.refusedChats, telegram.bot_username, shown),
    ...(topics.length > 0 && { refused_topics: topics }),
    ...(waiting !== undefined && { waiting }),
    ...(facts.paused && { paused: facts.paused }),
    ...(facts.fenced && { fenced: true, fenced_since: facts.fenced.since }),
    receiving: facts.receiving,
    ...(volume !== undefined && { volume }),
    metrics: { ...counts, ...usage, uptime_seconds: uptimeSeconds },
    ...(lastEventTime === undefined ? {} : { last_event_time: lastEventTime }),
  };
}

/** What is told of a fenced bridge. */
export const fencedText = "the bridge is fenced by its operator: it sends nothing until it is open again";

/** What is told of stopped delivery. */
export function pausedText({ since, by }: PausedStatus): string {
  return boundedText(
    `delivery is stopped since ${since}${by === undefined ? "" : ` by ${by}`}; start_bridge resumes it`,
  );
}
