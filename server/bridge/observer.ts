import type { TelegramStatus } from "../../contract/bridge-status.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Monitoring } from "./monitoring/monitoring.ts";
import { boundedText } from "./status/bounded-text.ts";
import type { BridgeMetrics, SignatureFailure } from "./status/metrics.ts";
import type { FailureCause } from "./telegram/outcome.ts";

export type ObserverOptions = {
  readonly logger: Logger;
  readonly metrics: Pick<BridgeMetrics, "tier" | "signatureFailures">;
  /** Known when all parts are made. */
  readonly monitoring: () => Pick<Monitoring, "journal" | "signatureFailed">;
  readonly now: () => number;
};

/** Tells the log, the metrics and the journal what happens to a bridge. */
export class Observer {
  readonly #options: ObserverOptions;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  telegramChanged({ reachable, error, bot_username }: TelegramStatus): void {
    const { logger, metrics, monitoring, now } = this.#options;
    const kind = reachable ? "telegram_reachable" : "telegram_unreachable";
    monitoring().journal.note({ kind, at: now(), detail: error && boundedText(error) });
    if (reachable) return void logger.info({ bot_username }, "Telegram is reachable");
    metrics.tier.tripped("unreachable");
    logger.error({ reason: error }, "Telegram is not reachable; messages are kept");
  }

  /** The breaker has opened. */
  tripped(cause: FailureCause): void {
    this.#options.metrics.tier.tripped(cause);
    this.#options.logger.error({ cause }, "requests to Telegram fail in a row: nothing is sent for a while");
  }

  /** Telegram asks to wait: with messages to a chat, or with all. */
  paused(until: number, chatId: number | undefined): void {
    const { monitoring, now } = this.#options;
    const detail = `until ${new Date(until).toISOString()}`;
    monitoring().journal.note({ kind: "telegram_paused", at: now(), detail, chatId });
  }

  /** Somebody stops delivery, or lets it go on; within the write that keeps it. */
  deliveryPaused(paused: boolean, by: string): void {
    const { monitoring, now } = this.#options;
    const kind = paused ? "delivery_stopped" : "delivery_resumed";
    monitoring().journal.add({ kind, at: now(), detail: `by ${boundedText(by)}` });
  }

  signatureFailed(reason: SignatureFailure): void {
    const { metrics, monitoring } = this.#options;
    metrics.signatureFailures.inc({ reason });
    if (reason !== "webhook") monitoring().signatureFailed();
  }
}
