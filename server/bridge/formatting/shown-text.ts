/**
 * Controls but tab and line break, and the characters that turn the direction of what follows: they let a text look like
 * another one (Trojan Source, CVE-2021-42574), and Telegram shows none of them.
 */
const HIDDEN = /(?![\t\n])\p{Cc}|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

const LINE_BREAKS = /\r\n?|[\u0085\u2028\u2029]/g;

/** Letters that look bold or italic without being so; only the bridge's own words are to look like that. */
const STYLED = /[\u{1d400}-\u{1d7ff}]/gu;

/** A gap that looks like the end of a message. */
const GAP = /(?:\n[^\S\n]*){4,}/g;

/** A text as people may see it: valid Unicode, without what could make it look like something that it is not. */
export function shownText(text: string): string {
  return text
    .toWellFormed()
    .replace(LINE_BREAKS, "\n")
    .replace(HIDDEN, "")
    .replace(STYLED, plain)
    .replace(GAP, "\n\n\n")
    .trim();
}

/** The block has holes, which Unicode will not fill: they stand for no letter. */
function plain(styled: string): string {
  const letter = styled.normalize("NFKC");
  return letter === styled ? "" : letter;
}

/** The same on one line. */
export function shownLine(text: string): string {
  return shownText(text).replace(/\s+/g, " ");
}
