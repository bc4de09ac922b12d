import * as z from "zod";

/** What the file says of one key. */
export const apiKeyEntrySchema = z.strictObject({
  name: z.string().min(1).max(100).describe("Of the client, for people"),
  permissions: z.array(z.string().min(1).max(128)).max(100).default([]).describe('Names of tools, or "*" for all'),
  enabled: z.boolean().default(true).describe("False: refused as if it did not exist"),
  expires: z.iso
    .datetime({ offset: true, error: "must be a time such as 2027-01-31T00:00:00Z" })
    .exactOptional()
    .describe("From then on the key is refused, RFC 3339"),
  limit: z
    .strictObject({
      requests: z.int().min(1).max(1_000_000).describe("Requests of this key in a window"),
      window: z.int().min(1).max(3600).exactOptional().describe("Seconds of the window; default: that of all keys"),
    })
    .exactOptional()
    .describe("What the key may do instead of what every key may"),
});

/** The file: entries by key, or by what `hashedKey` makes of it. */
export type ApiKeyFile = Readonly<Record<string, z.input<typeof apiKeyEntrySchema>>>;
