import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** Header that carries the time of signing, in whole Unix seconds. */
export const timestampHeader = "x-cctelegram-timestamp";

/** Header that carries `sha256=<hex>`. */
export const signatureHeader = "x-cctelegram-signature";

/** Header that carries the hex SHA-256 of the body. */
export const contentHashHeader = "x-cctelegram-content-sha256";

/** How far the sender's clock may be from ours, in seconds, before a signature counts as replayed. */
const toleranceSeconds = 300;

export type RequestToSign = {
  /** In capitals. */
  readonly method: string;
  /** As on the request line, with its query. */
  readonly path: string;
  readonly timestampSeconds: number | string;
  /** Hex SHA-256 of the body, also of an empty one. */
  readonly contentHash: string;
};

export type SignedRequest = {
  /** The secrets that count: during a rotation the new one and the one before. */
  readonly secrets: readonly string[];
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly nowSeconds: number;
};

/** What a request's headers prove, or why they prove nothing. */
export type Verdict =
  | { readonly contentHash: string }
  | { readonly refused: "missing" | "malformed" | "old" | "wrong" };

/**
 * Hex SHA-256 of a body.
 *
 * @example
 * ```ts
 * hashOf("").slice(0, 8); // => e3b0c442
 * ```
 */
export function hashOf(body: string | Uint8Array): string {
  return createHash("sha256").update(body).digest("hex");
}

/**
 * The signature of a request: `sha256=<hex HMAC-SHA256(secret, timestamp LF method LF path LF content hash)>`.
 * The body is signed by its hash, so that a receiver knows who calls before it reads one byte of the body. The timestamp
 * is part of it, otherwise a captured request could be replayed with a fresh one; method and path, otherwise one could be
 * turned into another.
 *
 * @example
 * ```ts
 * const request = { method: "GET", path: "/status", timestampSeconds: 1_767_225_600, contentHash: hashOf("") };
 * sign("a-secret-of-at-least-32-characters!", request).length; // => 71
 * ```
 */
export function sign(secret: string, { timestampSeconds, method, path, contentHash }: RequestToSign): string {
  const text = [timestampSeconds, method, path, contentHash].join("\n");
  return `sha256=${createHmac("sha256", secret).update(text).digest("hex")}`;
}

/**
 * The headers of a signed request.
 *
 * @example
 * ```ts
 * const event = { method: "POST", path: "/events", timestampSeconds: 1_767_225_600, body: "{}" };
 * signedHeaders("a-secret-of-at-least-32-characters!", event)["x-cctelegram-timestamp"]; // => 1767225600
 * ```
 */
export function signedHeaders(
  secret: string,
  { body, ...request }: Omit<RequestToSign, "contentHash"> & { readonly body: string | Uint8Array },
): Record<string, string> {
  const contentHash = hashOf(body);
  return {
    [timestampHeader]: String(request.timestampSeconds),
    [contentHashHeader]: contentHash,
    [signatureHeader]: sign(secret, { ...request, contentHash }),
  };
}

/**
 * Judges a request by its headers alone. The body must then have the verdict's hash.
 *
 * @example
 * ```ts
 * const [secret, nowSeconds] = ["a-secret-of-at-least-32-characters!", 1_767_225_600];
 * const request = { method: "POST", path: "/events" };
 * const headers = signedHeaders(secret, { ...request, timestampSeconds: nowSeconds, body: "{}" });
 * "contentHash" in verify({ ...request, headers, secrets: [secret], nowSeconds }); // => true
 * "refused" in verify({ ...request, headers, secrets: [secret], nowSeconds: nowSeconds + 301 }); // => true
 * ```
 */
export function verify({ secrets, method, path, headers, nowSeconds }: SignedRequest): Verdict {
  const timestamp = headers[timestampHeader];
  const signature = headers[signatureHeader];
  const contentHash = headers[contentHashHeader];
  if (timestamp === undefined || signature === undefined || contentHash === undefined) return { refused: "missing" };
  if (!matches(timestamp, /^\d{1,12}$/) || !matches(signature, /^sha256=[0-9a-f]{64}$/)) {
    return { refused: "malformed" };
  }
  if (!matches(contentHash, /^[0-9a-f]{64}$/)) return { refused: "malformed" };
  if (Math.abs(nowSeconds - Number(timestamp)) > toleranceSeconds) return { refused: "old" };
  const request = { timestampSeconds: timestamp, method, path, contentHash };
  const isRight = secrets.some((secret) => secret !== "" && isEqual(signature, sign(secret, request)));
  return isRight ? { contentHash } : { refused: "wrong" };
}

function matches(value: string | string[], pattern: RegExp): value is string {
  return typeof value === "string" && pattern.test(value);
}

function isEqual(given: string, expected: string): boolean {
  return given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
}
