/** Characters that change how text around them is shown, or are not seen themselves. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u115F\u1160\u2800\u3164\uFFA0]/gu;

/** Joins emoji, as in families; elsewhere it hides. */
const emojiJoiner = /(?<=\p{Extended_Pictographic}|\p{Emoji_Modifier}|\uFE0F)\u200D(?=\p{Extended_Pictographic})/gu;

const kept = "\u{F0000}";

/** More marks on one letter than any language has cover the lines above it. */
const heaps = /(\p{M}{4})\p{M}+/gu;

/**
 * A text of a client or a person so that it shows what it is: controls (of direction, too) as their code points, and lone
 * surrogates replaced. It still has to be a text node.
 *
 * @example
 * ```ts
 * visibleText("invoice\u202Egpj.exe"); // => invoice⟨U+202E⟩gpj.exe
 * ```
 */
export function visibleText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(kept, "⟨U+F0000⟩")
    .replace(emojiJoiner, kept)
    .replace(
      unseen,
      (character) => `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`,
    )
    .replaceAll(kept, "\u200D")
    .replace(heaps, "$1…");
}
