import type { NewMessage } from "../queue/message.ts";
import type { Attention } from "./attention.ts";

/** The messages of an event that people get, and how many they do not get because they have muted the bot. */
export function heardOf<Message extends Pick<NewMessage, "chatId" | "weight">>(
  messages: readonly Message[],
  attention: Pick<Attention, "decide">,
): { readonly messages: readonly Message[]; readonly muted: number } {
  const heard = messages.filter(({ chatId, weight = "ordinary" }) => attention.decide(chatId, weight) !== "dropped");
  return { messages: heard, muted: messages.length - heard.length };
}

/** What a sender is told of messages that do not come; undefined when all do. */
export function mutedWarning(muted: number, total: number): string | undefined {
  if (muted === 0) return undefined;
  if (muted === total) return "Nobody gets the message: everybody has muted the bot. Only approvals come.";
  return "Not everybody gets the message: some have muted the bot. Only approvals come to them.";
}
