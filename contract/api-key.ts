import { createHash } from "node:crypto";

/** Header that carries a client's API key; `Authorization: Bearer KEY` does, too. */
export const apiKeyHeader = "X-API-Key";

/** Name of the file of keys, in a Secret or in a data directory. */
export const apiKeyFileName = "api-keys.json";

// Shorter keys could be guessed; the guides make 64 hex digits with `openssl rand -hex 32`.
const shortestKey = 16;
const plainKey = /^[\x21-\x7e]+$/;

/**
 * Why a text cannot be a key; undefined when it can. Never holds the text.
 *
 * @example
 * ```ts
 * keyProblem("too short"); // => it is shorter than 16 characters
 * keyProblem("a-key-of-a-client"); // => undefined
 * ```
 */
export function keyProblem(text: string): string | undefined {
  if (text.length < shortestKey) return `it is shorter than ${shortestKey} characters`;
  return plainKey.test(text) ? undefined : "it holds blanks or other than ASCII characters";
}

/**
 * A key as the file may hold it, so that reading the file gives nobody access.
 *
 * @example
 * ```ts
 * hashedKey("a-key-of-a-client").slice(0, 15); // => sha256:9cc789f6
 * ```
 */
export function hashedKey(key: string): string {
  return `sha256:${createHash("sha256").update(key).digest("hex")}`;
}
