/** Largest message: UTF-16 units after entity parsing and UTF-8 bytes before it (tdlib/telegram-bot-api, Client.cpp). */
export const MESSAGE_LIMITS = { units: 4096, bytes: 32_768 } as const;

/** Longest caption of a photo or document, in UTF-16 units (Bot API, sendPhoto). */
export const CAPTION_UNITS = 1024;

export type SplitLimits = { readonly units: number; readonly bytes: number };

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** What is looked at around a cut. Longer graphemes than that are cut by code points. */
const WINDOW = { before: 512, after: 64 } as const;

/**
 * Cuts a text into parts that Telegram takes. Total: the parts joined are the input, whatever it holds. Cuts fall, in this
 * order of preference, after a blank line, a line, a word, a grapheme, a code point; only limits below one code point
 * (2 units, 4 bytes) cut closer.
 */
export function split(text: string, limits: SplitLimits): readonly string[] {
  const parts: string[] = [];
  for (let start = 0; start < text.length; ) {
    const end = cutAfter(text, start, limits);
    parts.push(text.slice(start, end));
    start = end;
  }
  return parts;
}

function cutAfter(text: string, start: number, limits: SplitLimits): number {
  const hard = hardEnd(text, start, limits);
  if (hard >= text.length) return text.length;
  return softEnd(text, start, hard) ?? graphemeEnd(text, start, hard) ?? hard;
}

/** The farthest end within both limits that does not halve a surrogate pair. */
function hardEnd(text: string, start: number, limits: SplitLimits): number {
  let end = start;
  let bytes = 0;
  while (end < text.length) {
    const point = text.codePointAt(end) ?? 0;
    const units = point > 0xffff ? 2 : 1;
    bytes += utf8Length(point);
    if (end + units - start > limits.units || bytes > limits.bytes) break;
    end += units;
  }
  return Math.max(end, start + 1);
}

/** A lone surrogate is encoded as U+FFFD: three bytes, as every other code point of its range. */
function utf8Length(point: number): number {
  if (point < 0x80) return 1;
  if (point < 0x800) return 2;
  return point < 0x1_0000 ? 3 : 4;
}

/** Separators are sought in the second half only: short parts would waste the messages that a chat may get. */
function softEnd(text: string, start: number, hard: number): number | undefined {
  const earliest = start + Math.floor((hard - start) / 2);
  // Not in the whole text: one that is not there would be sought back to the beginning, for each part again.
  const half = text.slice(earliest, hard);
  for (const separator of ["\n\n", "\n", " "]) {
    const at = half.lastIndexOf(separator);
    const end = earliest + at + separator.length;
    if (at >= 0 && graphemeEnd(text, start, end) === end) return end;
  }
  return undefined;
}

/** A window of the text: the segmenter copies what it is given to memory that V8 does not count. */
function graphemeEnd(text: string, start: number, end: number): number | undefined {
  const from = Math.max(start, end - WINDOW.before);
  const boundary = graphemes.segment(text.slice(from, end + WINDOW.after)).containing(end - from)?.index;
  return boundary !== undefined && boundary > 0 ? from + boundary : undefined;
}
