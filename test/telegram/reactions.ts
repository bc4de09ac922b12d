import { badRequest } from "./api-error.ts";

/** Some of those that Telegram lets bots use, and none that it does not. */
const ALLOWED = new Set(["👍", "👎", "❤", "🔥", "👏", "🤔", "🎉", "👌", "👀", "✍", "🙏", "💯", "🤝"]);

const ACTIONS = new Set(["typing", "upload_photo", "upload_document"]);

/** The emoji of a reaction; undefined: it is taken away. Throws what Telegram answers to another one. */
export function emojiIn(reaction: unknown): string | undefined {
  if (reaction === undefined) return undefined;
  if (!Array.isArray(reaction)) throw badRequest("can't parse reaction types: expected an Array");
  if (reaction.length > 1) throw badRequest("REACTIONS_TOO_MANY");
  const [first] = reaction as readonly { readonly type?: unknown; readonly emoji?: unknown }[];
  if (first === undefined) return undefined;
  if (first.type !== "emoji" || !ALLOWED.has(String(first.emoji))) throw badRequest("REACTION_INVALID");
  return String(first.emoji);
}

/** Throws what Telegram answers to something that nobody can be shown to do. */
export function checkAction(action: unknown): void {
  if (!ACTIONS.has(String(action))) throw badRequest("wrong parameter action in request");
}
