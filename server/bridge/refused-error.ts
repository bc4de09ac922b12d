import type { BridgeErrorCode } from "../../contract/error-catalogue.ts";

export type RefusalReason =
  | "queue_full"
  | "client_quota"
  | "queue_unusable"
  | "shutting_down"
  | "too_many_followers"
  | "too_many_servers"
  | "backup_under_way"
  | "telegram_unreachable";

/** Why the bridge does not take something now. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly reason: RefusalReason;
  readonly retryAfterSeconds: number;

  constructor(reason: RefusalReason, message: string, retryAfterSeconds: number, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  get code(): BridgeErrorCode {
    return this.reason === "client_quota" ? "CLIENT_QUOTA_EXCEEDED" : "BRIDGE_UNAVAILABLE";
  }
}
