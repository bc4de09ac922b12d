/** The answer to an accepted event. It is given only after the event's messages are on disk. */
export type Accepted = {
  readonly event_id: string;
  /** Telegram messages that the event became (0 when it goes to nobody). */
  readonly messages: number;
  /** True when an event with this id had been accepted before: nothing is sent again. */
  readonly duplicate: boolean;
  /** What the sender should know although the event is accepted, such as that every recipient refuses messages. */
  readonly warnings?: readonly string[];
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
  /** Chats whose last message Telegram refused for good, newest first, at most 20. */
  readonly refusals: readonly Refusal[];
  /** Why nothing, or not everything, is delivered just now. */
  readonly waiting?: Waiting;
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

/** Texts have at most 256 characters and no control characters. */
export type Refusal = {
  readonly chat_id: number;
  /** For people. */
  readonly reason: string;
  /** What to do about it. */
  readonly hint?: string;
  /** Messages refused since one arrived. */
  readonly messages: number;
  /** RFC 3339 time of the last refusal. */
  readonly at: string;
};

export type Waiting = {
  readonly reason: string;
  /** RFC 3339 time of the next try. */
  readonly until: string;
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

/** A status for pages that ask for no key: how many chats refuse messages, not which ones. */
export function withoutRecipients<Status extends Pick<BridgeStatus, "refusals">>({ refusals, ...status }: Status) {
  return { ...status, refusals: refusals.length };
}

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
