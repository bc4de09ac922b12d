/** A part of a text with a style. Offsets and lengths are UTF-16 code units, as in the Bot API and in JavaScript. */
export type TextEntity = {
  readonly type: "bold" | "italic" | "code" | "pre";
  readonly offset: number;
  readonly length: number;
};

/** Text with entities instead of markup: nothing in it has to be escaped. */
export type FormattedText = { readonly text: string; readonly entities: readonly TextEntity[] };
