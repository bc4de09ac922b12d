import type { SpokenVote } from "../approvals/clicks.ts";
import type { Said } from "./meaning.ts";

const PATTERN = /^\s*(y|yes|n|no)\s+([a-km-z]{5})\s*$/i;

/** The options of the prompt of a tool, in their order. */
const OPTIONS = { allow: 0, deny: 1 } as const;

/** What a text says to the prompt of a tool, if it does: `yes abcde` or `no abcde`. Pure. */
export function spokenVoteIn({ text, from, chatId, messageId }: Said): SpokenVote | undefined {
  const [, word = "", code] = PATTERN.exec(text) ?? [];
  if (code === undefined) return undefined;
  const option = /^y/i.test(word) ? OPTIONS.allow : OPTIONS.deny;
  return { code: code.toLowerCase(), from, option, place: { chatId, messageId } };
}
