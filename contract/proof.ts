import { createHmac } from "node:crypto";

/** Header by which the operator asks a server for a proof: 64 hexadecimal digits that it has just made up. */
export const challengeHeader = "x-cctelegram-challenge";

/** Header with which the server answers. */
export const proofHeader = "x-cctelegram-proof";

const challenge = /^[0-9a-f]{64}$/;

/**
 * Shows that this server has the secret without telling it: the hex HMAC-SHA256 of `exposure LF challenge`. No signature of a request
 * begins like that, so that nobody can have one made here. Undefined when there is no challenge.
 *
 * @example
 * ```ts
 * proofOf("a-secret-of-at-least-32-characters!", "a1".repeat(32))?.length; // => 64
 * proofOf("a-secret-of-at-least-32-characters!", "POST /events"); // => undefined
 * ```
 */
export function proofOf(secret: string, asked: string | string[] | undefined): string | undefined {
  if (typeof asked !== "string" || !challenge.test(asked)) return undefined;
  return createHmac("sha256", secret).update(`exposure\n${asked}`).digest("hex");
}
