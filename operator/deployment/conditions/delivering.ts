import type { Refusal } from "../parts-probe.ts";
import { ofBridge } from "./bridge-answer.ts";
import { fails, holds } from "./judgement.ts";

/** Telegram takes the messages of every recipient. No part of Ready: those of the others arrive. */
export const delivering = ofBridge(({ refusals = [], waiting }) => {
  if (refusals.length > 0) return fails("RecipientRefused", refusedTo(refusals));
  if (waiting !== undefined) return fails("WaitingForTelegram", `nothing is sent for a while: ${waiting}`);
  return holds("NothingRefused", "Telegram refuses no recipient's messages");
});

/** Recipients named; of more it is told that there are more, and not how many, so that the message stays. */
const named = 5;

function refusedTo(refusals: readonly Refusal[]): string {
  const sorted = refusals.toSorted((a, b) => a.chatId - b.chatId);
  const list = sorted.slice(0, named).map(({ chatId, reason, hint }) => `${chatId} (${hint ?? reason})`);
  return `Telegram refuses messages to ${list.join(", ")}${sorted.length > named ? " and others" : ""}`;
}
