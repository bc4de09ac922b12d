import * as z from "zod";

/** Bounds of the files of one event. Their bytes together; the whole call has its own limit. */
export const attachmentLimits = Object.freeze({ count: 4, bytes: 160 * 1024 });

const attachmentKinds = ["photo", "document"] as const;

/** What Telegram shows as a photo. */
const photoTypes: readonly string[] = ["image/jpeg", "image/png", "image/webp"];

/** In its one form: with all of its padding, and without white space. */
function isBase64(content: string): boolean {
  try {
    return btoa(atob(content)) === content;
  } catch {
    return false;
  }
}

/** The bytes that a base64 stands for. */
const bytesIn = (content: string): number => (content.length / 4) * 3 - (/=*$/.exec(content)?.[0].length ?? 0);

const isUrl = (value: unknown): boolean => typeof value === "object" && value !== null && "url" in value;

/** A file that comes with an event, in `data.attachments`. */
const attachmentSchema = z
  .strictObject({
    kind: z.enum(attachmentKinds),
    // No path, and nothing that hides or turns its end.
    name: z
      .string()
      .max(100)
      .regex(/^[^\p{C}/\\]+$/u, "a file name of 1 to 100 visible characters, without / and \\"),
    media_type: z
      .string()
      .max(100)
      .regex(
        /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/,
        "a media type in small letters, such as image/png",
      ),
    content: z.string().min(1, "a file has at least one byte").refine(isBase64, "it is not base64"),
  })
  .refine(({ kind, media_type }) => kind !== "photo" || photoTypes.includes(media_type), {
    path: ["media_type"],
    message: `a photo is ${photoTypes.join(", ")}: send anything else as a document`,
  });

const attachmentsSchema = z.array(attachmentSchema).max(attachmentLimits.count);

/** The files of a reply. */
export const filesSchema = attachmentsSchema.superRefine((files, context) => {
  const problem = attachmentsProblem(files, "files");
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
});

export type Attachment = z.output<typeof attachmentSchema>;

/**
 * Why a value cannot be an event's `data.attachments`, or the files of a reply, as it stands in an error; undefined when it can.
 *
 * @example
 * ```ts
 * const note = { kind: "document", name: "note.txt", media_type: "text/plain", content: "aGVsbG8=" };
 * attachmentsProblem([note]); // => undefined
 * attachmentsProblem([{ ...note, content: "hello!" }]); // => attachments[0].content: it is not base64
 * ```
 */
export function attachmentsProblem(value: unknown, field = "attachments"): string | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) return `${field}: it is no list`;
  const { count, bytes: most } = attachmentLimits;
  if (value.length > count) return `${field}: there are ${value.length}, and at most ${count} can be sent`;
  const url = value.findIndex(isUrl);
  if (url >= 0) return `${field}[${url}]: no URL is fetched: send the file itself, as base64 in content`;
  const parsed = attachmentsSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const [index, ...path] = issue?.path ?? [];
    return `${field}[${String(index)}]${path.map((name) => `.${String(name)}`).join("")}: ${issue?.message}`;
  }
  const bytes = parsed.data.reduce((sum, { content }) => sum + bytesIn(content), 0);
  return bytes > most ? `${field}: they have ${bytes} bytes together, more than ${most}` : undefined;
}

/**
 * The files of an event whose `data` has been checked.
 *
 * @example
 * ```ts
 * attachmentsOf({ status: "completed" }).length; // => 0
 * ```
 */
export function attachmentsOf({ attachments }: Readonly<Record<string, unknown>>): readonly Attachment[] {
  return Array.isArray(attachments) ? (attachments as readonly Attachment[]) : [];
}
