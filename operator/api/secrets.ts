import * as z from "zod";
import { secretKey, secretName } from "./schema.ts";

/** A key that a client brings along. A field of list items has no default in the schema. */
export const keySecretRef = z
  .strictObject({
    name: secretName(),
    key: secretKey().optional().describe("Key inside the Secret that holds the API key. Default: key."),
  })
  .describe(
    "A Secret of yours with the client's API key, of at least 16 characters. The operator reads it again when it changes, and stores its SHA-256 only. Default: the operator makes a key.",
  );

/** Days after which a value is replaced; without it only when somebody asks. */
export const rotationDays = (what: string) =>
  z
    .int()
    .min(1)
    .max(3650)
    .optional()
    .describe(`Age in days at which ${what}. Default: only when somebody asks for it.`);

/** What the status says of one secret. */
export const secretStatus = z.strictObject({
  name: z.string().max(253).describe("Name of the Secret."),
  since: z.iso.datetime().optional().describe("Since when it has its value. Absent for Secrets of yours."),
  expires: z.iso.datetime().optional().describe("When the keys of its client end, as the client's expires says."),
  rotates: z.iso.datetime().optional().describe("When its value is replaced on schedule."),
});
