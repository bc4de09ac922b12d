import { attachmentsOf } from "../../../contract/attachments.ts";
import type { Event } from "../../../contract/event.ts";
import { weightOf } from "../attention/decision.ts";
import { priorityOf } from "../pacing/priority.ts";
import { taskOf } from "../progress/task.ts";
import type { NewMessage, OutgoingFile } from "../queue/message.ts";
import type { Destination } from "../routing/destination.ts";
import type { FormattedText } from "./formatted-text.ts";
import { format, type Letter, type Wording } from "./formatter.ts";
import { MOST_PARTS, partsOf, titleAlone } from "./parts.ts";
import { CAPTION_UNITS } from "./splitter.ts";

/** What is in one message. */
type Content = FormattedText & { readonly file?: OutgoingFile };

/** The messages of an event: every part for every destination, in the order of delivery. */
export function messagesOf(
  event: Event,
  destinations: readonly Destination[],
  wording: Wording,
): readonly NewMessage[] {
  const letter = format(event, wording);
  // It is edited, so that it has to stay one text.
  const isProgress = taskOf(event)?.phase === "progress";
  const text = isProgress ? partsOf(letter, { most: 1 }) : textOf(letter);
  const contents = withFiles(text, letter, { files: filesOf(event), isCaption: !isProgress });
  const [weight, priority] = [weightOf(event), priorityOf(event)];
  return destinations.flatMap((to) => contents.map((content, part) => ({ ...to, part, weight, priority, ...content })));
}

/** A text of too many parts is its beginning, and all of it in a document. */
function textOf(letter: Letter): readonly Content[] {
  const parts = partsOf(letter, { most: MOST_PARTS + 1 });
  if (parts.length <= MOST_PARTS) return parts;
  const head = partsOf(letter, { most: 1, note: () => "… the whole text is in the document below" });
  return [...head, { ...titleAlone(letter), file: documentOf(letter) }];
}

function documentOf({ title, body, sender }: Letter): OutgoingFile {
  const texts = [title, body, ...(sender === undefined ? [] : [`— ${sender}`])];
  const bytes = Buffer.from(`${texts.join("\n\n")}\n`);
  return { kind: "document", name: "message.txt", mediaType: "text/plain", bytes };
}

function filesOf({ data }: Event): readonly OutgoingFile[] {
  return attachmentsOf(data).map(({ kind, name, media_type, content }) => {
    return { kind, name, mediaType: media_type, bytes: Buffer.from(content, "base64") };
  });
}

type Filing = { readonly files: readonly OutgoingFile[]; readonly isCaption: boolean };

/** Files come behind the text. A short one is the caption of the first; every other one says whose it is. */
function withFiles(texts: readonly Content[], letter: Letter, { files, isCaption }: Filing): readonly Content[] {
  const [first, ...others] = files;
  const [only] = texts;
  const fits = texts.length === 1 && only !== undefined && only.text.length <= CAPTION_UNITS;
  if (first === undefined || !isCaption || !fits) return [...texts, ...files.map((file) => captioned(letter, file))];
  return [{ ...only, file: first }, ...others.map((file) => captioned(letter, file))];
}

function captioned(letter: Letter, file: OutgoingFile): Content {
  return { ...titleAlone(letter), file };
}
