import * as z from "zod";

/** What is known of a file, before anybody has it. */
export type ReceivedFile = {
  readonly kind: string;
  /** Telegram's word for it: of the bot's alone. */
  readonly fileId: string;
  readonly name: string;
  readonly mime?: string;
  readonly size?: number;
};

const file = z.object({
  file_id: z.string().min(1).max(512),
  file_name: z.string().exactOptional(),
  mime_type: z.string().max(128).exactOptional(),
  file_size: z.int().min(0).exactOptional(),
});

/** The kinds that a message may have one of. A picture comes in several sizes. */
const KINDS = ["document", "photo", "video", "audio", "voice", "animation", "video_note", "sticker"] as const;

/** Ends of names of files that have none. */
const ENDINGS: Readonly<Partial<Record<(typeof KINDS)[number], string>>> = {
  photo: ".jpg",
  voice: ".ogg",
  video: ".mp4",
};

/** The file of a message as Telegram shows it; undefined when there is none, or it is not of the form of the Bot API. Pure. */
export function fileIn(message: unknown): ReceivedFile | undefined {
  const content = message as Readonly<Record<string, unknown>>;
  for (const kind of KINDS) {
    const shown = content[kind];
    const read = file.safeParse(Array.isArray(shown) ? shown.at(-1) : shown);
    if (read.success) return received(kind, read.data);
  }
  return undefined;
}

function received(kind: (typeof KINDS)[number], { file_id, file_name, mime_type, file_size }: z.output<typeof file>) {
  const name = (file_name ?? "")
    .replace(/[\p{Cc}/\\]+/gu, "_")
    .slice(0, 128)
    .toWellFormed();
  return {
    kind,
    fileId: file_id,
    name: name === "" ? `${kind}${ENDINGS[kind] ?? ""}` : name,
    ...(mime_type !== undefined && { mime: mime_type }),
    ...(file_size !== undefined && { size: file_size }),
  };
}
