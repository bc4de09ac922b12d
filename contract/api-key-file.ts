import { createHash } from "node:crypto";
import * as z from "zod";

/** Name of the file, in a Secret or in a data directory. */
export const apiKeyFileName = "api-keys.json";

/** What the file says of one key. */
export const apiKeyEntrySchema = z.strictObject({
  name: z.string().min(1).max(100).describe("Of the client, for people"),
  permissions: z.array(z.string().min(1).max(128)).max(100).default([]).describe('Names of tools, or "*" for all'),
  enabled: z.boolean().default(true).describe("False: refused as if it did not exist"),
  expires: z.iso
    .datetime({ offset: true, error: "must be a time such as 2027-01-31T00:00:00Z" })
    .exactOptional()
    .describe("From then on the key is refused, RFC 3339"),
});

/** The file: entries by key, or by what `hashedKey` makes of it. */
export type ApiKeyFile = Readonly<Record<string, z.input<typeof apiKeyEntrySchema>>>;

/**
 * A key as the file may hold it, so that reading the file gives nobody access.
 *
 * @example
 * const file: ApiKeyFile = { [hashedKey("a-key-of-a-client")]: { name: "claude", permissions: ["*"] } };
 * assert.match(Object.keys(file)[0] ?? "", /^sha256:[0-9a-f]{64}$/);
 */
export function hashedKey(key: string): string {
  return `sha256:${createHash("sha256").update(key).digest("hex")}`;
}
