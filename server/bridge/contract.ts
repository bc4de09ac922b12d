/** The answer to an accepted event. It is given only after the event's messages are on disk. */
export type Accepted = {
  readonly event_id: string;
  /** Telegram messages that the event became (0 when it goes to nobody). */
  readonly messages: number;
  /** True when an event with this id had been accepted before: nothing is sent again. */
  readonly duplicate: boolean;
};

export type Health = "healthy" | "degraded" | "unhealthy";

/** Body of `GET /status`. */
export type BridgeStatus = {
  readonly running: true;
  readonly health: Health;
  readonly version: string;
  readonly uptime_seconds: number;
  readonly telegram: TelegramStatus;
  readonly queue: QueueStatus;
  readonly metrics: {
    readonly events_processed: number;
    readonly telegram_messages_sent: number;
    readonly error_count: number;
    readonly memory_usage_mb: number;
    readonly cpu_usage_percent: number;
    readonly uptime_seconds: number;
  };
  /** RFC 3339 time of the last accepted event. */
  readonly last_event_time?: string;
};

export type TelegramStatus = {
  readonly reachable: boolean;
  readonly bot_username?: string;
  /** Why Telegram is not reachable, without the token. */
  readonly error?: string;
  /** RFC 3339 time of the last answer or failure. */
  readonly checked_at: string;
};

export type QueueStatus = {
  readonly usable: boolean;
  /** Messages accepted and not yet delivered or given up. */
  readonly pending: number;
  readonly oldest_age_seconds: number;
  /** Messages that Telegram refused for good and that are kept for inspection. */
  readonly failed: number;
  readonly limit: number;
  readonly error?: string;
};

/** Why an event is not accepted now. The HTTP intake answers 503, or 429 for `client_quota`, with `Retry-After`. */
export class RefusedError extends Error {
  readonly reason: RefusalReason;
  readonly retryAfterSeconds: number;

  constructor(reason: RefusalReason, message: string, retryAfterSeconds: number, options?: ErrorOptions) {
    super(message, options);
    this.name = "RefusedError";
    this.reason = reason;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export type RefusalReason = "queue_full" | "client_quota" | "queue_unusable" | "shutting_down";
