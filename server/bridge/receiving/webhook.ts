import { createHmac, timingSafeEqual } from "node:crypto";

/** Of `getWebhookInfo`, what matters here. */
export type WebhookInfo = {
  /** "" when none is set. */
  readonly url: string;
  readonly pendingUpdates: number;
  /** The last failed call, in milliseconds since the epoch. */
  readonly lastErrorAt?: number;
  readonly lastError?: string;
};

/** The header in which Telegram shows that a call is its own. */
export const SECRET_HEADER = "x-telegram-bot-api-secret-token";

/** A failure before that is over when calls arrive again. */
const RECENT_MS = 300_000;

/** A secret that Telegram is told with the webhook: it changes with the token, and tells nothing of it. */
export function webhookSecret(token: string): string {
  return createHmac("sha256", token).update("cctelegram webhook").digest("hex");
}

export function isSecret(shown: string | undefined, token: string): boolean {
  const [a, b] = [shown ?? "", webhookSecret(token)].map((text) => createHmac("sha256", token).update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}

/**
 * What to do about the webhook that Telegram has: `set` ours, `keep` it, or `leave` somebody else's alone. `own` is what this
 * bridge has set before; `known` says that Telegram has been told the secret since the start.
 */
export function webhookStep(
  url: string,
  { wanted, own, known }: { readonly wanted: string; readonly own: string | undefined; readonly known: boolean },
): "set" | "keep" | "leave" {
  if (url === wanted) return known ? "keep" : "set";
  return url === "" || url === own ? "set" : "leave";
}

/** Why Telegram's calls do not arrive; undefined while they do. Times are wall-clock milliseconds. */
export function deliveryProblem(
  { pendingUpdates, lastErrorAt, lastError }: WebhookInfo,
  now: number,
): string | undefined {
  if (pendingUpdates === 0 || lastErrorAt === undefined || now - lastErrorAt > RECENT_MS) return undefined;
  return `Telegram cannot reach the webhook: ${lastError ?? "unknown reason"}`;
}

/** Where a webhook of somebody else leads, without its path: that may be a secret. */
export function foreignWebhook(url: string): string {
  return `a webhook is set for ${URL.parse(url)?.host ?? "another address"}`;
}
