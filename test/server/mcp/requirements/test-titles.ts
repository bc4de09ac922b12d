/** A text in quotes, as titles of tests are written. */
const quoted = String.raw`("(?:[^"\\\n]|\\.)*")`;

const direct = new RegExp(String.raw`\btest(?:\.(?:concurrent|sequential))?\(\s*${quoted}`, "g");

/** After the table of `test.each(...)`. */
const afterTable = new RegExp(String.raw`\)\(\s*${quoted},\s*(?:async )?\(`, "g");

/** The titles of the tests of a file, from its source. */
export function titlesIn(source: string): readonly string[] {
  return [direct, afterTable].flatMap((form) =>
    [...source.matchAll(form)].map(([, title = '""']) => JSON.parse(title) as string),
  );
}

const placeholder = /%[sdifjoc#p$]|\$[\w.]+/;

/** Whether a title, in which a table may fill something in, is that of a cited test. */
export function isTitleOf(title: string, cited: string): boolean {
  if (title === cited) return true;
  const literals = title.split(placeholder);
  // "%s" alone would be the title of everything.
  if (literals.length === 1 || literals.join("").length < 8) return false;
  const pattern = literals.map((literal) => literal.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*");
  return new RegExp(`^${pattern}$`, "s").test(cited);
}
