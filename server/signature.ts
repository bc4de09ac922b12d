import { createHmac, timingSafeEqual } from "node:crypto";

/** Header that carries the time of signing, in whole Unix seconds. */
export const timestampHeader = "x-cctelegram-timestamp";

/** Header that carries `sha256=<hex>`. */
export const signatureHeader = "x-cctelegram-signature";

/** How far the sender's clock may be from ours, in seconds, before a signature counts as replayed. */
export const toleranceSeconds = 300;

export type SignedMessage = {
  readonly secret: string;
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
  readonly body: string | Uint8Array;
  readonly nowSeconds: number;
};

/**
 * The signature of a body: `sha256=<hex HMAC-SHA256(secret, timestamp + "." + body)>`.
 * The timestamp is part of what is signed, otherwise a captured request could be replayed with a fresh one.
 */
export function sign(secret: string, timestampSeconds: number | string, body: string | Uint8Array): string {
  return `sha256=${createHmac("sha256", secret).update(`${timestampSeconds}.`).update(body).digest("hex")}`;
}

/** True when the signature was made with the secret for this body, not more than 300 seconds away from now. */
export function verify({ secret, timestamp, signature, body, nowSeconds }: SignedMessage): boolean {
  if (timestamp === undefined || signature === undefined || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(nowSeconds - Number(timestamp)) > toleranceSeconds) return false;
  const expected = Buffer.from(sign(secret, timestamp, body));
  const given = Buffer.from(signature);
  return expected.length === given.length && timingSafeEqual(expected, given);
}
