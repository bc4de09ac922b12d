import type { BridgeStatus, ReceivingStatus } from "../../contract/bridge-status.ts";
import type { Fence } from "../../contract/control.ts";
import { Since } from "../telemetry/since.ts";
import type { BridgeOptions } from "./bridge.ts";
import type { Control } from "./control/control.ts";
import type { Events } from "./events.ts";
import type { Breaker } from "./pacing/breaker.ts";
import type { Pacer } from "./pacing/pacer.ts";
import type { Queue } from "./queue/queue.ts";
import type { Receiver } from "./receiving/receiver.ts";
import { type ShownChats, shownChats } from "./routing/shown-chats.ts";
import type { BridgeMetrics } from "./status/metrics.ts";
import { type Facts, fencedText, statusOf } from "./status/status.ts";
import { usageReader } from "./status/usage.ts";
import type { Volume } from "./storage/volume.ts";
import type { Reachability } from "./telegram/reachability.ts";

type Parts = {
  readonly options: Pick<BridgeOptions, "config" | "version">;
  readonly queue: Queue;
  readonly pacer: Pacer;
  readonly breaker: Breaker;
  readonly volume: Volume;
  readonly metrics: BridgeMetrics;
  readonly control: Control;
  readonly reachability: Reachability;
  readonly receiver: Receiver;
  readonly events: Pick<Events, "lastTime" | "isClosed">;
  /** It asks Telegram nothing. */
  readonly isFenced: boolean;
  readonly fence: Fence | undefined;
  /** Milliseconds that never go backwards. */
  readonly steady: () => number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** What a bridge is doing now, read from its parts. */
export class BridgeState {
  readonly #parts: Parts;
  readonly #startedAt: number;
  readonly #usage: ReturnType<typeof usageReader>;
  readonly #queueSince = new Since();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#startedAt = parts.steady();
    this.#usage = usageReader(parts.steady);
  }

  facts(): Facts {
    const now = this.#parts.now();
    const queue = this.#parts.queue.stats();
    return {
      queue,
      queueSince: this.#queueSince.of(queue.usable, now),
      queueLimit: this.#parts.options.config.queueSizeLimit,
      fenced: this.#parts.fence,
      telegram: this.#parts.isFenced
        ? { ...this.#parts.reachability.status, error: fencedText }
        : this.#parts.reachability.status,
      nextCheckAt: this.#parts.reachability.nextCheckAt,
      pause: this.#parts.pacer.longestPause(now),
      paused: this.#parts.control.paused,
      closing: this.#parts.events.isClosed,
      receiving: this.#receiving(now),
      silence: this.#parts.isFenced ? undefined : this.#parts.receiver.obstacle(now),
      now,
    };
  }

  measured() {
    const now = this.#parts.now();
    const silenceSeconds = this.#parts.isFenced ? 0 : this.#parts.receiver.silenceSeconds(now);
    const paused = this.#parts.isFenced || this.#parts.control.paused !== undefined;
    const { reachable } = this.#parts.reachability.status;
    const volume = this.#parts.volume.status();
    const breaker = this.#parts.breaker.state(now);
    return {
      stats: this.#parts.queue.stats(),
      now,
      silenceSeconds,
      paused,
      reachable,
      breaker,
      depths: this.#parts.pacer.depths(),
      usage: this.#usage(),
      volume,
    };
  }

  status(): BridgeStatus {
    const { events, sent, errors } = this.#parts.metrics;
    return statusOf({
      facts: this.facts(),
      shown: this.shownChats(),
      version: this.#parts.options.version,
      uptimeSeconds: Math.round((this.#parts.steady() - this.#startedAt) / 1000),
      counts: { events_processed: events.value, telegram_messages_sent: sent.value, error_count: errors.value },
      usage: this.#usage(),
      volume: this.#parts.volume.status(),
      lastEventTime: this.#parts.events.lastTime,
    });
  }

  shownChats(): ShownChats {
    return shownChats(this.#parts.options.config.telegram.chats ?? [], (chatId) =>
      this.#parts.queue.currentChat(chatId),
    );
  }

  /** A fenced bridge does not hear what people say, and that is no fault. */
  #receiving(now: number): ReceivingStatus {
    const status = this.#parts.receiver.status(now);
    return this.#parts.isFenced
      ? { mode: status.mode, receiving: false, other_consumer: false, error: fencedText }
      : status;
  }
}
