const LONGEST = 256;

/** A text of others for status pages and terminals: on one line, without control characters, at most 256 characters. */
export function boundedText(text: string): string {
  const clean = text.toWellFormed().replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]+/gu, " ");
  return clean.length <= LONGEST ? clean : `${clean.slice(0, LONGEST - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
