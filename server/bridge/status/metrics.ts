import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { VolumeStatus } from "../../../contract/bridge-status.ts";
import { metricNames } from "../../../contract/metric-names.ts";
import type { Priority } from "../../../contract/priority.ts";
import { channelEndings } from "../../../contract/sessions.ts";
import { recordKinds } from "../approvals/approval-table.ts";
import type { QueueStats } from "../queue/queue.ts";
import { takenKinds } from "../receiving/effects.ts";
import { pollKinds } from "../receiving/poll-plan.ts";
import { outcomeKinds } from "../telegram/outcome.ts";
import { createTierMetrics } from "./tier-metrics.ts";
import type { Usage } from "./usage.ts";

export type BridgeMetrics = ReturnType<typeof createBridgeMetrics>;

/** What was wrong with a signed request; `body`: it is not the one that was signed; `webhook`: it is not Telegram's. */
const signatureFailures = ["missing", "malformed", "old", "wrong", "body", "webhook"] as const;

export type SignatureFailure = (typeof signatureFailures)[number];

const seconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What gauges show. */
export type Gauged = {
  readonly stats: QueueStats;
  readonly now: number;
  /** Since Telegram last answered a request for updates; 0 when nothing is asked. */
  readonly silenceSeconds: number;
  /** Delivery is stopped. */
  readonly paused: boolean;
  /** Telegram answers. */
  readonly reachable: boolean;
  readonly breaker: 0 | 1 | 2;
  /** Undelivered messages. */
  readonly depths: Readonly<Record<Priority, number>>;
  readonly usage: Usage;
  /** Undefined: the file system does not tell. */
  readonly volume?: VolumeStatus | undefined;
};

/** The metrics of the bridge. Gauges are read when they are collected; known series start at zero. */
export function createBridgeMetrics(registry: Registry, gauged: () => Gauged) {
  const registers = [registry];
  gauges(registers, gauged);
  const received = receivingCounters(registers);
  const metrics = { ...deliveryCounters(registers), ...received, duration: requestDuration(registers) };
  for (const what of recordKinds) metrics.approvals.inc({ what }, 0);
  for (const outcome of pollKinds) metrics.polls.inc({ outcome }, 0);
  for (const kind of takenKinds) metrics.updates.inc({ kind }, 0);
  for (const ending of channelEndings) metrics.channelEvents.inc({ ending }, 0);
  for (const outcome of outcomeKinds) metrics.requests.inc({ outcome }, 0);
  for (const reason of signatureFailures) metrics.signatureFailures.inc({ reason }, 0);
  const tier = createTierMetrics(registry, () => {
    const { stats, reachable, breaker, depths } = gauged();
    return { pending: stats.pending, usable: stats.usable, reachable, breaker, depths };
  });
  usageGauges(registers, gauged);
  volumeGauges(registers, gauged);
  return { ...metrics, ...upstreamTotals(registers), eventDuration: eventDuration(registers), tier };
}

function gauges(registers: Registry[], gauged: () => Gauged): void {
  new Gauge({
    name: "cctelegram_queue_messages",
    help: "Messages in the queue: not yet delivered, or refused by Telegram for good",
    labelNames: ["state"] as const,
    registers,
    collect() {
      const { pending, failed } = gauged().stats;
      this.set({ state: "pending" }, pending);
      this.set({ state: "failed" }, failed);
    },
  });
  new Gauge({
    name: "cctelegram_recipients_refused",
    help: "Chats whose last message Telegram refused for good",
    registers,
    collect() {
      this.set(gauged().stats.refusedChats.length);
    },
  });
  new Gauge({
    name: metricNames.deliveryPaused,
    help: "1 while delivery is stopped by stop_bridge, or the bridge is fenced, and messages are kept",
    registers,
    collect() {
      this.set(gauged().paused ? 1 : 0);
    },
  });
  new Gauge({
    name: metricNames.updatesSilence,
    help: "Seconds since Telegram last answered a request for updates; 0 when nothing is asked",
    registers,
    collect() {
      this.set(gauged().silenceSeconds);
    },
  });
  new Gauge({
    name: metricNames.oldestMessageAge,
    help: "Age of the oldest undelivered message; 0 when there is none",
    registers,
    collect() {
      const { stats, now } = gauged();
      this.set(ageSeconds(stats, now));
    },
  });
}

function receivingCounters(registers: Registry[]) {
  return {
    channelEvents: new Counter({
      name: "cctelegram_session_events_total",
      help: "What was said to sessions, and verdicts for them, by how it ended: read, written, pulled or dropped",
      labelNames: ["ending"],
      registers,
    }),
    updates: new Counter({
      name: "cctelegram_updates_total",
      help: "Updates of Telegram by what they meant; stranger: by somebody who is not on the list",
      labelNames: ["kind"] as const,
      registers,
    }),
    approvals: new Counter({
      name: "cctelegram_approvals_total",
      help: "What happened to approvals: asked, voted, decided, expired, withdrawn, or a press that was refused, by reason",
      labelNames: ["what"] as const,
      registers,
    }),
    polls: new Counter({
      name: "cctelegram_polls_total",
      help: "Requests for updates, or for the state of the webhook, by outcome",
      labelNames: ["outcome"] as const,
      registers,
    }),
  };
}

function deliveryCounters(registers: Registry[]) {
  const counter = (name: string, help: string) => new Counter({ name, help, registers });
  return {
    delivered: counter("cctelegram_messages_delivered_total", "Messages that Telegram confirmed"),
    failed: counter(metricNames.messagesFailed, "Messages that Telegram refused for good"),
    muted: counter("cctelegram_messages_muted_total", "Messages not sent, because the person has muted the bot"),
    expired: counter("cctelegram_messages_expired_total", "Messages not sent, because their time to live was over"),
    resentUncertain: counter(
      "cctelegram_messages_resent_uncertain_total",
      "Messages sent again although an earlier request may have arrived: possible duplicates",
    ),
    rateLimited: counter("cctelegram_telegram_rate_limited_total", "Answers 429 of Telegram"),
    damaged: counter("cctelegram_queue_damaged_total", "Damaged queue files that were moved aside at a start"),
    signatureFailures: new Counter({
      name: metricNames.signatureFailures,
      help: "Requests to the bridge whose signature does not count",
      labelNames: ["reason"] as const,
      registers,
    }),
    requests: new Counter({
      name: "cctelegram_telegram_requests_total",
      help: "sendMessage requests by outcome",
      labelNames: ["outcome"] as const,
      registers,
    }),
  };
}

function requestDuration(registers: Registry[]) {
  return new Histogram({
    name: "cc_telegram_message_duration_seconds",
    help: "Duration of sendMessage requests",
    buckets: seconds,
    registers,
  });
}

function eventDuration(registers: Registry[]) {
  const duration = new Histogram({
    name: "cc_telegram_event_processing_duration_seconds",
    help: "From an event's arrival until its messages are on disk",
    buckets: seconds,
    registers,
  });
  duration.zero({});
  return duration;
}

function usageGauges(registers: Registry[], gauged: () => Gauged): void {
  new Gauge({
    name: "cc_telegram_memory_usage_bytes",
    help: "Resident memory of the process",
    registers,
    collect() {
      this.set(gauged().usage.memory_usage_mb * 2 ** 20);
    },
  });
  new Gauge({
    name: "cc_telegram_cpu_usage_percent",
    help: "Use of one processor core since it was read before",
    registers,
    collect() {
      this.set(gauged().usage.cpu_usage_percent);
    },
  });
}

function volumeGauges(registers: Registry[], gauged: () => Gauged): void {
  const gauge = (name: string, help: string, of: (volume: VolumeStatus) => number) => {
    const made = new Gauge({
      name,
      help,
      registers,
      collect() {
        const { volume } = gauged();
        // Zero would be a full disk.
        if (volume === undefined) made.remove();
        else made.set(of(volume));
      },
    });
  };
  gauge(metricNames.volumeSize, "Size of the file system that holds the queue", ({ size_bytes }) => size_bytes);
  gauge(metricNames.volumeFree, "What the queue may still write there", ({ free_bytes }) => free_bytes);
}

/** Under the names of co8/cctelegram's bridge, and as the plain numbers that `GET /status` shows. */
function upstreamTotals(registers: Registry[]) {
  return {
    events: new Total("cc_telegram_events_processed_total", "Events accepted, without repeated ones", registers),
    sent: new Total("cc_telegram_messages_sent_total", "Messages that Telegram confirmed", registers),
    errors: new Total("cc_telegram_errors_total", "Requests to Telegram that failed", registers),
    files: new Total(
      "cc_telegram_file_watcher_events_total",
      "Events taken from files in EVENTS_DIR, repeated ones too",
      registers,
    ),
  };
}

/** A counter whose value can be read at once; prom-client's can only be collected. */
class Total {
  readonly #counter: Counter;
  #value = 0;

  constructor(name: string, help: string, registers: Registry[]) {
    this.#counter = new Counter({ name, help, registers });
  }

  get value(): number {
    return this.#value;
  }

  inc(): void {
    this.#counter.inc();
    this.#value += 1;
  }
}

/** Age of the oldest undelivered message in whole and broken seconds; 0 when there is none. */
export function ageSeconds({ oldestAt }: QueueStats, now: number): number {
  return oldestAt === undefined ? 0 : Math.max(0, now - oldestAt) / 1000;
}
