/** The token is part of every Bot API URL, so it may turn up in any error text of a library. */
const TOKEN = /\b\d{3,}:[A-Za-z0-9_-]{20,}/g;

/** Removes `token` and everything of a bot token's shape from a text that may be logged or shown. */
export function redact(text: string, token = ""): string {
  const known = token === "" ? text : text.replaceAll(token, "<token>");
  return known.replaceAll(TOKEN, "<token>");
}
