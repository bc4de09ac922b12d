import type { VolumeStatus } from "../../../contract/bridge-status.ts";
import type { ShownDeadLetter } from "../../../contract/dead-letters.ts";
import type { Activity, BridgeMonitoring, PodReport } from "../../../contract/monitoring.ts";
import type { BridgeTelling, ServerTelling } from "../../../contract/monitoring-servers.ts";
import type { OpenApproval } from "../commands/command.ts";
import type { Wait } from "../pacing/pacer.ts";
import type { DeadLetter } from "../queue/queue.ts";
import type { ShownChats } from "../routing/shown-chats.ts";
import { boundedText } from "../status/bounded-text.ts";
import { ageSeconds } from "../status/metrics.ts";
import { refusalsOf } from "../status/refusals.ts";
import { type Facts, healthOf, obstacles } from "../status/status.ts";
import type { Minute } from "./minutes.ts";

/** Everything that the state is made of. Times are milliseconds since the epoch. */
export type StateParts = {
  readonly now: number;
  readonly startedAt: number;
  /** Name of the process. */
  readonly instance: string;
  readonly version: string;
  readonly messagesPerSecond: number;
  readonly facts: Facts;
  readonly shown: ShownChats;
  readonly hour: Minute;
  /** Of the last whole minute. */
  readonly lastAnswers: { readonly requests: number; readonly errors: number; readonly limited: number };
  readonly lastSignatureFailures: number;
  readonly refusedOf15Minutes: number;
  readonly signatureFailuresOf5Minutes: number;
  readonly volume: VolumeStatus | undefined;
  /** Places of the limit over all chats that are taken. */
  readonly used: number;
  readonly waits: readonly Wait[];
  readonly approvals: readonly OpenApproval[];
  readonly deadLetters: readonly DeadLetter[];
  readonly activity: readonly Activity[];
  readonly servers: readonly ServerTelling[];
  readonly missing: NonNullable<BridgeTelling["missing"]>;
  readonly followers: number;
  readonly heldUpMs: number;
};

/** Body of `GET /monitoring`. */
export function stateOf(parts: StateParts): BridgeTelling {
  const { facts, servers, activity, refusedOf15Minutes, signatureFailuresOf5Minutes, volume } = parts;
  const { telegram, receiving, paused, fenced } = facts;
  return {
    bridge: reportOf(parts),
    telegram: telegramOf(telegram),
    receiving: receivingOf(receiving),
    ...(paused && { paused }),
    ...(fenced && { fenced }),
    queue: queueOf(parts),
    deliveries: deliveriesOf(parts),
    pacing: pacingOf(parts),
    refusals: refusalsIn(parts),
    approvals: parts.approvals.map(shownApproval),
    dead_letters: parts.deadLetters.map((letter) => shownDeadLetter(letter, parts.shown)),
    activity,
    servers,
    missing: parts.missing,
    recent: {
      refused_15m: refusedOf15Minutes,
      signature_failures_per_second: signatureFailuresOf5Minutes / 300,
      ...(volume !== undefined && { volume_used_percent: usedPercent(volume) }),
    },
  };
}

function reportOf(parts: StateParts): PodReport {
  const { now, startedAt, instance, version, facts, followers, heldUpMs } = parts;
  const { lastAnswers, lastSignatureFailures } = parts;
  return {
    name: boundedText(instance),
    role: "bridge",
    version: boundedText(version),
    started_at: timestamp(startedAt),
    seen_at: timestamp(now),
    health: healthOf(facts),
    reasons: obstacles(facts).slice(0, 20).map(boundedText),
    draining: facts.closing,
    memory_bytes: process.memoryUsage.rss(),
    event_loop_delay_ms: Math.round(heldUpMs),
    streams: followers,
    // It has no tools.
    per_minute: { ...lastAnswers, unauthenticated: lastSignatureFailures, tool_calls: 0 },
  };
}

function telegramOf({
  reachable,
  since,
  latency_ms,
  error,
  bot_username,
}: Facts["telegram"]): BridgeMonitoring["telegram"] {
  return {
    reachable,
    ...(since !== undefined && { since }),
    ...(latency_ms !== undefined && { latency_ms }),
    ...(error !== undefined && { error: boundedText(error) }),
    ...(bot_username !== undefined && { bot_username: boundedText(bot_username) }),
  };
}

function receivingOf({ mode, receiving, error, hint }: Facts["receiving"]): NonNullable<BridgeMonitoring["receiving"]> {
  const words = {
    ...(error !== undefined && { error: boundedText(error) }),
    ...(hint !== undefined && { hint: boundedText(hint) }),
  };
  return { mode, receiving, ...words };
}

function queueOf({ facts: { queue, queueLimit }, now }: StateParts): BridgeMonitoring["queue"] {
  return {
    usable: queue.usable,
    ...(queue.error !== undefined && { error: boundedText(queue.error) }),
    pending: queue.pending,
    limit: queueLimit,
    oldest_age_seconds: ageSeconds(queue, now),
    dead_letters: queue.failed,
  };
}

function deliveriesOf({ hour }: StateParts): BridgeMonitoring["deliveries"] {
  const isNone = hour.delivered === 0;
  return {
    accepted_events: hour.accepted,
    delivered: hour.delivered,
    refused: hour.refused,
    retries: hour.retries,
    average_ms: isNone ? null : Math.round(hour.delivery_ms / hour.delivered),
    slowest_ms: isNone ? null : hour.slowest_ms,
  };
}

const waitWords: Readonly<Record<Wait["reason"], string>> = {
  pause: "Telegram asked the bot to wait",
  backoff: "the last try failed",
  limit: "Telegram's limit for the chat",
};

function pacingOf({ messagesPerSecond, used, waits, shown }: StateParts): BridgeMonitoring["pacing"] {
  return {
    messages_per_second: messagesPerSecond,
    used_last_second: used,
    waits: waits.map(({ chatId, reason, until }) => ({
      chat: boundedText(chatId === undefined ? "all chats" : shown.chat(chatId)),
      reason: waitWords[reason],
      until: timestamp(until),
    })),
  };
}

function refusalsIn({ facts: { queue, telegram }, shown }: StateParts): BridgeMonitoring["refusals"] {
  return refusalsOf(queue.refusedChats, telegram.bot_username, shown).map(
    ({ name, chat_id, reason, messages, at }) => ({
      chat: name ?? `${chat_id}`,
      reason,
      messages,
      at,
    }),
  );
}

function shownApproval({ id, client, title, createdAt, expiresAt, votes, required }: OpenApproval) {
  return {
    approval_id: id,
    client: boundedText(client),
    title: boundedText(title),
    asked_at: timestamp(createdAt),
    expires_at: timestamp(expiresAt),
    votes,
    required,
  };
}

export function shownDeadLetter(
  { message, id, client, chatId, error, at }: DeadLetter,
  shown: ShownChats,
): ShownDeadLetter {
  return {
    id: message,
    event_id: id,
    client: boundedText(client),
    chat: boundedText(shown.chat(chatId)),
    reason: boundedText(error),
    at: timestamp(at),
  };
}

/** A file system without a size is not full. */
const usedPercent = ({ size_bytes, free_bytes }: VolumeStatus): number =>
  size_bytes === 0 ? 0 : Math.max(0, 100 * (1 - free_bytes / size_bytes));

const timestamp = (time: number): string => new Date(time).toISOString();
