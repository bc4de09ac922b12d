import type { Event } from "../event.ts";
import { format } from "./formatter.ts";
import type { NewMessage } from "./queue.ts";
import { split } from "./splitter.ts";

/** The messages of an event: every part for every chat, in the order of delivery. */
export function messagesOf(event: Event, chatIds: readonly number[]): readonly NewMessage[] {
  // Telegram refuses a part of white space alone ("message text is empty"), and nobody misses it.
  const parts = split(format(event)).filter(({ text }) => text.trim() !== "");
  return chatIds.flatMap((chatId) => parts.map((part, index) => ({ chatId, part: index, ...part })));
}
