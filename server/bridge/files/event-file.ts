import { createHash } from "node:crypto";
import * as z from "zod";
import { type Event, eventSchema } from "../../../contract/event.ts";

/** Who sends what lies in the folder: whoever may write there. Quotas and turns are this client's. */
const filesClient = "files";

/** The largest file that is read, in bytes. */
export const longestFile = 256 * 1024;

export type EventFile = {
  readonly name: string;
  readonly text: string;
  /** When it was last written, Unix time in milliseconds. */
  readonly writtenAt: number;
};

export type ReadFile =
  | { readonly event: Event }
  /** Why it is none; `torn`: it may be half of one. */
  | { readonly problem: string; readonly torn: boolean };

const word = z.string().trim().min(1);

/** What co8/cctelegram's examples leave out, and its parser asks for, is filled in. */
const fileSchema = z.looseObject({
  type: word.default("custom_event"),
  title: word,
  description: word.optional(),
  source: word.default("file"),
  task_id: word.optional(),
  event_id: word.optional(),
  timestamp: z.iso.datetime({ offset: true }).optional(),
  data: z.record(z.string(), z.unknown()).default({}),
});

/**
 * An event as co8/cctelegram's programs write it. Its id is made of the file's name and content: there it is the task's, so that several
 * events of one task share it, and a file that is read again after a crash has to be the same event.
 */
export function eventIn({ name, text, writtenAt }: EventFile): ReadFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { problem: `it is not JSON: ${withoutContent(error as Error)}`, torn: true };
  }
  const file = fileSchema.safeParse(json);
  if (!file.success) return { problem: z.prettifyError(file.error), torn: false };
  const { type, title, description = title, source, data, timestamp } = file.data;
  const event_id = `file-${createHash("sha256").update(name).update("\0").update(text).digest("hex").slice(0, 40)}`;
  const task_id = file.data.task_id ?? file.data.event_id ?? event_id;
  const event = eventSchema.safeParse({
    ...{ event_id, type, title, description, source, data, task_id, client: filesClient },
    timestamp: timestamp ?? new Date(writtenAt).toISOString(),
    ...("priority" in file.data && { priority: file.data.priority }),
    ...("ttl_seconds" in file.data && { ttl_seconds: file.data.ttl_seconds }),
  });
  return event.success ? { event: event.data } : { problem: z.prettifyError(event.error), torn: false };
}

/** V8 quotes what it cannot read, which is nobody's business in a log. */
const withoutContent = ({ message }: Error): string => message.replace(/, (\.\.\.)?".*is not valid JSON$/s, "");
