import { createHash } from "node:crypto";

/** Header that carries a client's API key; `Authorization: Bearer KEY` does, too. */
export const apiKeyHeader = "X-API-Key";

/** Name of the file of keys, in a Secret or in a data directory. */
export const apiKeyFileName = "api-keys.json";

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
