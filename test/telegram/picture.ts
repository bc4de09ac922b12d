/** A message as somebody sees it on a phone. */
export type Bubble = {
  /** Whose phone it is writes on the right. */
  readonly from: "me" | "bot";
  readonly text: string;
  readonly entities?: readonly Entity[];
  /** Rows of labels. */
  readonly buttons?: readonly (readonly string[])[];
  readonly reaction?: string;
};

/** Telegram's; offset and length in UTF-16 units. */
type Entity = { readonly type: string; readonly offset: number; readonly length: number };

type Style = "bold" | "italic" | "code" | "plain";
type Glyph = { readonly text: string; readonly style: Style };

const page = { width: 420, margin: 12, gap: 8, padding: 10, line: 20, textWidth: 290, button: 32 };
const colours = { page: "#dfe7ea", me: "#e3fccf", bot: "#ffffff", button: "#b9c7cf", text: "#16212b", code: "#0b5394" };

const styles: Readonly<Record<Style, string>> = {
  bold: ' font-weight="600"',
  italic: ' font-style="italic"',
  code: ` font-family="ui-monospace, monospace" font-size="13" fill="${colours.code}"`,
  plain: "",
};

/** Draws a chat as SVG, from the top to the bottom. The same bubbles give the same picture. Pure. */
export function picture(title: string, bubbles: readonly Bubble[]): string {
  let y = page.margin;
  const drawn = bubbles.map((bubble) => {
    const { svg, height } = draw(bubble, y);
    y += height + page.gap;
    return svg;
  });
  const height = y - page.gap + page.margin;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${page.width}" height="${height}" viewBox="0 0 ${page.width} ${height}" role="img" font-family="system-ui, sans-serif" font-size="14" fill="${colours.text}">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${page.width}" height="${height}" rx="12" fill="${colours.page}"/>`,
    ...drawn,
    "</svg>",
    "",
  ].join("\n");
}

function draw(bubble: Bubble, top: number): { readonly svg: string; readonly height: number } {
  const { from, text, entities = [], buttons = [], reaction } = bubble;
  const lines = wrapped(styled(text, entities));
  const widest = Math.max(40, ...lines.map(widthOf));
  const width = Math.ceil((buttons.length > 0 ? page.textWidth : widest) + 2 * page.padding);
  const x = from === "me" ? page.width - page.margin - width : page.margin;
  const textHeight = lines.length * page.line + 2 * page.padding - 4;
  const parts = [`<rect x="${x}" y="${top}" width="${width}" height="${textHeight}" rx="10" fill="${colours[from]}"/>`];
  for (const [index, line] of lines.entries())
    parts.push(textLine(line, x + page.padding, top + page.padding + 13 + index * page.line));
  let height = textHeight;
  for (const row of buttons) {
    const each = (width - 4 * (row.length - 1)) / row.length;
    for (const [index, label] of row.entries()) {
      const left = Math.round(x + index * (each + 4));
      const middle = Math.round(left + each / 2);
      parts.push(
        `<rect x="${left}" y="${top + height + 4}" width="${Math.round(each)}" height="${page.button}" rx="8" fill="${colours.button}"/>`,
        `<text x="${middle}" y="${top + height + 25}" text-anchor="middle">${escaped(label)}</text>`,
      );
    }
    height += page.button + 4;
  }
  if (reaction !== undefined) {
    parts.push(
      `<rect x="${x}" y="${top + height + 2}" width="34" height="24" rx="12" fill="${colours.bot}"/>`,
      `<text x="${x + 17}" y="${top + height + 19}" text-anchor="middle">${escaped(reaction)}</text>`,
    );
    height += 26;
  }
  return { svg: parts.join("\n"), height };
}

function styled(text: string, entities: readonly Entity[]): readonly Glyph[] {
  let offset = 0;
  return Array.from(text, (character) => {
    const at = offset;
    offset += character.length;
    const inside = entities.find((entity) => entity.offset <= at && at < entity.offset + entity.length);
    return { text: character, style: styleOf(inside?.type) };
  });
}

function styleOf(type: string | undefined): Style {
  if (type === "bold" || type === "italic") return type;
  return type === "code" || type === "pre" ? "code" : "plain";
}

/** Breaks at spaces, and where a word is wider than a line. */
function wrapped(glyphs: readonly Glyph[]): readonly (readonly Glyph[])[] {
  const lines: Glyph[][] = [[]];
  let space = -1;
  for (const glyph of glyphs) {
    let line = lines.at(-1) as Glyph[];
    if (glyph.text === "\n") {
      lines.push([]);
      space = -1;
      continue;
    }
    if (widthOf([...line, glyph]) > page.textWidth && line.length > 0) {
      const rest = space < 0 ? [] : line.splice(space).slice(1);
      lines.push(rest);
      line = rest;
      space = -1;
      if (glyph.text === " " && rest.length === 0) continue;
    }
    if (glyph.text === " ") space = line.length;
    line.push(glyph);
  }
  return lines;
}

/** About as wide as in the fonts of common systems. */
function widthOf(glyphs: readonly Glyph[]): number {
  return glyphs.reduce((sum, { text, style }) => {
    if (/\p{Extended_Pictographic}/u.test(text)) return sum + 19;
    if (style === "code") return sum + 8;
    if (/\p{Mn}|\u200d|\ufe0f/u.test(text)) return sum;
    const width = /[ilj.,:;'|!]/.test(text) ? 4 : /[A-Zmw@%]/.test(text) ? 10 : 7.6;
    return sum + (style === "bold" ? width * 1.1 : width);
  }, 0);
}

function textLine(glyphs: readonly Glyph[], x: number, y: number): string {
  const runs: { style: Style; text: string }[] = [];
  for (const { text, style } of glyphs) {
    const last = runs.at(-1);
    if (last?.style === style) last.text += text;
    else runs.push({ style, text });
  }
  const spans = runs.map(({ style, text }) => `<tspan${styles[style]}>${escaped(text)}</tspan>`);
  return `<text x="${x}" y="${y}" xml:space="preserve">${spans.join("")}</text>`;
}

const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
