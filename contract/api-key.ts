import { createHash } from "node:crypto";

/** Header that carries a client's API key; `Authorization: Bearer KEY` does, too. */
export const apiKeyHeader = "X-API-Key";

/** Name of the file of keys, in a Secret or in a data directory. */
export const apiKeyFileName = "api-keys.json";

/**
 * A key as the file may hold it, so that reading the file gives nobody access.
 *
 * @example
 * assert.match(hashedKey("a-key-of-a-client"), /^sha256:[0-9a-f]{64}$/);
 */
export function hashedKey(key: string): string {
  return `sha256:${createHash("sha256").update(key).digest("hex")}`;
}
