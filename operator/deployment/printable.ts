/**
 * Makes a text of others safe for a status, an event and a terminal: control characters and those that change the direction of
 * a line become spaces, half surrogates U+FFFD, and what is longer than `longest` UTF-16 units ends in "…".
 */
export function printable(text: string, longest: number): string {
  const clean = text
    .slice(0, longest + 1)
    .toWellFormed()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\u200e\u200f\ufeff]/g, " ");
  if (clean.length <= longest) return clean;
  return `${clean.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
