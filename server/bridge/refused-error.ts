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
