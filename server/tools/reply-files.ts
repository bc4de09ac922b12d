import { basename, extname, isAbsolute } from "node:path";
import * as z from "zod";
import { type Attachment, attachmentLimits, attachmentsProblem } from "../../contract/attachments.ts";
import { ServerError } from "../../contract/errors.ts";
import type { OwnFiles } from "../projects/own-files.ts";

const contentFile = z.object({
  name: z.string().describe("How people see it called, such as report.pdf"),
  content: z.string().describe("The file in base64, or a data URI"),
  media_type: z.string().optional().describe("Such as image/png. Default: by the data URI, or the name"),
  kind: z.enum(["photo", "document"]).optional().describe("Default: a photo if Telegram can show it as one"),
});

// Not in the listed schema: not every model's API takes alternatives.
const givenFile = z.union([z.string(), contentFile]);
const expected = "expected an absolute path, a data URI, or {name, content: base64}";

const { count, bytes } = attachmentLimits;

/** The argument `files` of `reply`. */
export const replyFiles = z
  .array(z.unknown())
  .superRefine((files, context) => {
    if (files.length > count)
      context.addIssue({ code: "custom", message: `there are ${files.length}, and at most ${count} can be sent` });
    for (const [index, file] of files.entries()) {
      if (!givenFile.safeParse(file).success) context.addIssue({ code: "custom", path: [index], message: expected });
    }
  })
  .optional()
  .describe(
    `Photos and documents behind the text, at most ${count}, together ${bytes / 1024} KiB: {name, content: base64}, or a data URI. ` +
      "Absolute paths only where the client has started this server by stdio: other servers cannot read its machine. No URL is fetched",
  );

const types: Readonly<Record<string, string>> = {
  ...{ ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".gif": "image/gif" },
  ...{ ".pdf": "application/pdf", ".json": "application/json", ".csv": "text/csv", ".md": "text/markdown" },
  ...{ ".txt": "text/plain", ".log": "text/plain", ".diff": "text/plain", ".patch": "text/plain" },
};

const photos: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/webp"]);

const dataUri = /^data:([^;,]*)(?:;[^,]*?)?;base64,/i;

/** The files of a reply as the bridge takes them. Rejects with VALIDATION_ERROR that names the file; paths need somebody who reads them. */
export async function attachmentsOfReply(
  files: readonly unknown[],
  own: OwnFiles | undefined,
): Promise<readonly Attachment[]> {
  const all: Attachment[] = [];
  for (const [index, file] of files.entries())
    all.push(attachmentOf(await contentOf(givenFile.parse(file), index, own), index));
  const problem = attachmentsProblem(all, "files");
  if (problem !== undefined) throw invalid("files", problem.replace(/^files: /, ""));
  return all;
}

/** Those of them that are paths, read; the others stay as they are. */
export async function withPathsRead(files: readonly unknown[], own: OwnFiles): Promise<readonly unknown[]> {
  // Of too many none is read: whoever gets them refuses them.
  if (files.length > count) return files;
  const read = await Promise.all(
    files.map((file, index) =>
      typeof file === "string" && isAbsolute(file) ? contentOf(file, index, own) : undefined,
    ),
  );
  const sum = read.reduce((all, file) => all + Buffer.byteLength(file?.content ?? "", "base64"), 0);
  if (sum > bytes) throw invalid("files", `they have ${sum} bytes together, more than ${bytes}`);
  return files.map((file, index) => read[index] ?? file);
}

async function contentOf(
  file: z.output<typeof givenFile>,
  index: number,
  own: OwnFiles | undefined,
): Promise<z.output<typeof contentFile>> {
  if (typeof file !== "string") return file;
  if (dataUri.test(file)) return { name: `file-${index + 1}${extensionOf(file)}`, content: file };
  const field = `files[${index}]`;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(file))
    throw invalid(field, "no URL is fetched: send the file itself, as {name, content: base64}");
  if (!isAbsolute(file)) throw invalid(field, expected);
  if (own === undefined)
    throw invalid(
      field,
      "this server cannot read its client's machine: send {name, content: base64} instead of a path",
    );
  const read = await own.read(file).catch((error: unknown) => {
    throw error instanceof ServerError ? error : invalid(field, (error as Error).message);
  });
  return { name: basename(file), content: Buffer.from(read).toString("base64") };
}

function attachmentOf({ name, content, media_type, kind }: z.output<typeof contentFile>, index: number): Attachment {
  const [head, declared] = dataUri.exec(content) ?? [""];
  if (head === "" && /^data:/i.test(content))
    throw invalid(`files[${index}].content`, "a data URI has to be base64: data:image/png;base64,...");
  const guessed = types[extname(name).toLowerCase()] ?? "application/octet-stream";
  const type = (media_type ?? (declared || guessed)).toLowerCase();
  return {
    kind: kind ?? (photos.has(type) ? "photo" : "document"),
    name,
    media_type: type,
    content: content.slice(head.length),
  };
}

function extensionOf(uri: string): string {
  const type = dataUri.exec(uri)?.[1]?.toLowerCase();
  return Object.entries(types).find(([, each]) => each === type)?.[0] ?? "";
}

function invalid(field: string, problem: string): ServerError {
  return new ServerError("VALIDATION_ERROR", { problems: `${field}: ${problem}`, fields: [{ field, problem }] });
}
