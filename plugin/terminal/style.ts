import { styleText } from "node:util";

/** How words are marked: with colours on a terminal, not at all elsewhere. */
export type Style = {
  readonly good: Mark;
  readonly bad: Mark;
  readonly warn: Mark;
  readonly faint: Mark;
  readonly strong: Mark;
};

type Mark = (text: string) => string;
type Format = Parameters<typeof styleText>[0];

const asItIs: Mark = (text) => text;

export const plain: Style = { good: asItIs, bad: asItIs, warn: asItIs, faint: asItIs, strong: asItIs };

const mark =
  (format: Format): Mark =>
  (text) =>
    // Whoever asks has looked at the stream.
    styleText(format, text, { validateStream: false });

export const coloured: Style = {
  good: mark("green"),
  bad: mark("red"),
  warn: mark("yellow"),
  faint: mark("dim"),
  strong: mark("bold"),
};

/** https://no-color.org: set and not empty. */
export function styleFor(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): Style {
  return isTerminal && !env.NO_COLOR && env.TERM !== "dumb" ? coloured : plain;
}
