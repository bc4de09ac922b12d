import type { Event } from "../../../contract/event.ts";
import { weightOf } from "../attention/decision.ts";
import { priorityOf } from "../pacing/priority.ts";
import { taskOf } from "../progress/task.ts";
import type { NewMessage } from "../queue/queue.ts";
import type { Destination } from "../routing/destination.ts";
import type { FormattedText } from "./formatted-text.ts";
import { format, type Letter, type Wording } from "./formatter.ts";
import { MESSAGE_LIMITS, split } from "./splitter.ts";

/** Messages that an event becomes in one chat at most; the last one says how much was left out. */
export const MOST_PARTS = 4;

/** Room for the number of a part and for the line that tells of a cut. */
const RESERVE = { number: " (4/4)".length, cut: 64 } as const;

/** The messages of an event: every part for every destination, in the order of delivery. */
export function messagesOf(
  event: Event,
  destinations: readonly Destination[],
  wording: Wording,
): readonly NewMessage[] {
  // It is edited, so that it has to stay one.
  const most = taskOf(event)?.phase === "progress" ? 1 : MOST_PARTS;
  const parts = partsOf(format(event, wording), { most });
  const [weight, priority] = [weightOf(event), priorityOf(event)];
  return destinations.flatMap((to) => parts.map((part, index) => ({ ...to, part: index, weight, priority, ...part })));
}

/**
 * What Telegram gets. Every part begins with the title in bold and ends with the sender in italics: text alone cannot
 * look like that, so no part can be taken for a message of somebody else. `reserved`: units to leave free in each.
 */
export function partsOf(letter: Letter, { reserved = 0, most = MOST_PARTS } = {}): readonly FormattedText[] {
  const room = MESSAGE_LIMITS.units - reserved - (assemble(letter, "x").text.length - 1);
  if (letter.body.length <= room) return [assemble(letter, letter.body)];
  const chunks = cut(letter.body, room - RESERVE.number, most);
  const number = (index: number) => (most === 1 ? "" : ` (${index + 1}/${chunks.length})`);
  return chunks.map((chunk, index) => assemble(letter, chunk, number(index)));
}

/** The body in at most `most` chunks. Each is trimmed, and none is white space alone: Telegram refuses that. */
function cut(body: string, room: number, most: number): readonly string[] {
  const within = (units: number) => split(body, { units, bytes: MESSAGE_LIMITS.bytes / 2 });
  const chunks = shown(within(room));
  if (chunks.length <= most) return chunks;
  const kept = shown(within(room - RESERVE.cut)).slice(0, most);
  const left = body.length - kept.reduce((sum, chunk) => sum + chunk.length, 0);
  const note = `… cut: ${left} of ${body.length} characters were left out`;
  return kept.map((chunk, index) => (index === most - 1 ? `${chunk}\n\n${note}` : chunk));
}

function shown(chunks: readonly string[]): readonly string[] {
  return chunks.map((chunk) => chunk.replace(/^\n+/, "").trimEnd()).filter((chunk) => chunk !== "");
}

function assemble({ title, sender }: Letter, body: string, number = ""): FormattedText {
  const signature = sender === undefined ? "" : `— ${sender}`;
  const text = [title + number, body, signature].filter((part) => part !== "").join("\n\n");
  const entities = [{ type: "bold" as const, offset: 0, length: title.length }];
  if (signature === "") return { text, entities };
  const offset = text.length - signature.length;
  return { text, entities: [...entities, { type: "italic" as const, offset, length: signature.length }] };
}
