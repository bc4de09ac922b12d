import * as z from "zod";
import { attachmentLimits } from "../../contract/attachments.ts";
import { dataProblem } from "../../contract/event-data.ts";

/**
 * Text of 1 to `maximum` UTF-16 units (Telegram's own measure) that is not only blanks. Half surrogate pairs are
 * replaced, because Telegram refuses what is not valid Unicode.
 */
export function text(maximum: number) {
  return z
    .string()
    .min(1, { abort: true })
    .max(maximum)
    .regex(/\S/, "must not be blank")
    .overwrite((value) => value.toWellFormed());
}

export const title = text(200).describe("Title, at most 200 characters");

/** Longest text of a message: four Telegram messages have room for it. */
export const longestText = 16_000;

export const data = z
  .record(z.string(), z.unknown(), "must be an object, or an object as JSON text")
  .superRefine((value, context) => {
    const problem = dataProblem(value);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  })
  .default({})
  .describe(
    "Further details, free in form: at most 16 KiB of JSON, 100 members, 20 levels. Beside these limits `attachments` has " +
      `at most ${attachmentLimits.count} files, together ${attachmentLimits.bytes / 1024} KiB: ` +
      "{kind: photo or document, name, media_type, content: base64}. No URL is fetched",
  );

export const source = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[a-zA-Z0-9\-_]+$/, "may hold letters, digits, - and _ only")
  .default("claude-code")
  .describe("Who sends it");

/** Annotations of tools that read what the bridge or the server knows. */
export const readingAnnotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
} as const;

/** What every sending tool answers. */
export const sent = z.object({
  success: z.boolean(),
  event_id: z.string().describe("Id of the event that was accepted for delivery"),
  message: z.string(),
  warning: z.string().exactOptional().describe("Why the message may not arrive, although it was accepted"),
});
