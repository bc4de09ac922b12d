import { stripVTControlCharacters } from "node:util";

/**
 * Text from a cluster, a person or a client as one line that cannot steer the terminal. Also characters that reverse or hide text are shown as
 * their codes.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text.toWellFormed())
    .replace(/[\t\r\n]+/g, " ")
    .replace(
      /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
      (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
    );
}

/** The same for text of several lines. */
export const printableLines = (text: string): string => text.split("\n").map(printable).join("\n");
