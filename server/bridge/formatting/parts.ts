import type { FormattedText } from "./formatted-text.ts";
import type { Letter } from "./formatter.ts";
import { MESSAGE_LIMITS, split } from "./splitter.ts";

/** Messages that a text becomes in one chat at most: a longer one is a document, or where it cannot be, cut. */
export const MOST_PARTS = 4;

/** Room for the number of a part and for the line that tells of a cut. */
const RESERVE = { number: " (4/4)".length, cut: 64 } as const;

export type PartsOptions = {
  /** Units to leave free in each. Default: 0. */
  readonly reserved?: number;
  /** How many there may be. Default: MOST_PARTS. */
  readonly most?: number;
  /** The line that tells of a cut, in at most 62 units. Default: how much was left out. */
  readonly note?: (left: number, all: number) => string;
};

/**
 * What Telegram gets of a text. Every part begins with the title in bold and ends with the sender in italics: text alone cannot
 * look like that, so no part can be taken for a message of somebody else.
 */
export function partsOf(letter: Letter, options: PartsOptions = {}): readonly FormattedText[] {
  const { reserved = 0, most = MOST_PARTS, note = leftOut } = options;
  const room = MESSAGE_LIMITS.units - reserved - (assemble(letter, "x").text.length - 1);
  if (letter.body.length <= room) return [assemble(letter, letter.body)];
  const chunks = cut(letter.body, room - RESERVE.number, { most, note });
  const number = (index: number) => (most === 1 ? "" : ` (${index + 1}/${chunks.length})`);
  return chunks.map((chunk, index) => assemble(letter, chunk, number(index)));
}

/** What stands below a file: whose it is. */
export const titleAlone = (letter: Letter): FormattedText => assemble(letter, "");

const leftOut = (left: number, all: number) => `… cut: ${left} of ${all} characters were left out`;

/** The body in at most `most` chunks. Each is trimmed, and none is white space alone: Telegram refuses that. */
function cut(
  body: string,
  room: number,
  { most, note }: Required<Pick<PartsOptions, "most" | "note">>,
): readonly string[] {
  const within = (units: number) => split(body, { units, bytes: MESSAGE_LIMITS.bytes / 2 });
  const chunks = shown(within(room));
  if (chunks.length <= most) return chunks;
  const kept = shown(within(room - RESERVE.cut)).slice(0, most);
  const left = body.length - kept.reduce((sum, chunk) => sum + chunk.length, 0);
  return kept.map((chunk, index) => (index === most - 1 ? `${chunk}\n\n${note(left, body.length)}` : chunk));
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
