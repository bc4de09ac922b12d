import { badRequest } from "./api-error.ts";

const HTML_TAGS = new Set("b strong i em u ins s strike del span tg-spoiler a code pre blockquote tg-emoji".split(" "));

/** The text without its markup. Throws 400 for markup that Telegram cannot parse. */
export function plainTextOf(text: string, parseMode: string): string {
  if (parseMode.toLowerCase() === "html") return plainHtml(text);
  if (parseMode.toLowerCase() === "markdownv2") return plainMarkdown(text);
  if (parseMode.toLowerCase() === "markdown") return text.replaceAll(/[*_`]/g, "");
  throw badRequest("unsupported parse_mode");
}

function plainHtml(text: string): string {
  const open: string[] = [];
  const plain = text.replaceAll(/<(\/?)([^<>\s/]*)[^<>]*>|</g, (tag, closing: string | undefined, name: string) => {
    if (tag === "<" || !HTML_TAGS.has(name)) throw badRequest(`can't parse entities: Unsupported start tag "${name}"`);
    if (closing === "") open.push(name);
    else if (open.pop() !== name) throw badRequest(`can't parse entities: Unexpected end tag "${name}"`);
    return "";
  });
  if (open.length > 0) throw badRequest(`can't parse entities: Can't find end tag corresponding to "${open.at(-1)}"`);
  return plain.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
}

/** Bot API, "MarkdownV2 style": every reserved character outside of an entity must be escaped. */
function plainMarkdown(text: string): string {
  const open: string[] = [];
  let plain = "";
  for (const [token] of text.matchAll(/\\[\s\S]|__|\|\||[\s\S]/gu)) {
    if (token.length > 1 && token.startsWith("\\")) plain += token.slice(1);
    else if (["*", "_", "__", "~", "||", "`"].includes(token)) toggle(open, token);
    else if (/^[[\]()>#+\-=|{}.!]$/.test(token)) {
      throw badRequest(`can't parse entities: Character '${token}' is reserved and must be escaped`);
    } else plain += token;
  }
  if (open.length > 0) throw badRequest(`can't parse entities: Can't find end of the entity "${open.at(-1)}"`);
  return plain;
}

function toggle(open: string[], token: string): void {
  if (open.at(-1) === token) open.pop();
  else open.push(token);
}
