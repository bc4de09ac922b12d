import type { Refusal } from "../parts-probe.ts";
import { DELIVERY_PAUSED, pausedText } from "../paused-delivery.ts";
import { ofBridge } from "./bridge-answer.ts";
import { fails, holds } from "./judgement.ts";

/** Telegram accepts the messages to every recipient. Not part of Ready: messages still reach the others. */
export const delivering = ofBridge(({ refusals = [], waiting, paused }) => {
  if (paused) return fails(DELIVERY_PAUSED, `${pausedText(paused)}: messages are accepted and kept`);
  if (refusals.length > 0) return fails("RecipientRefused", refusedTo(refusals));
  if (waiting !== undefined) return fails("WaitingForTelegram", `nothing is sent for a while: ${waiting}`);
  return holds("NothingRefused", "Telegram refuses no recipient's messages");
});

/** At most so many recipients are named. The number of the others is left out, so that the message does not change often. */
const named = 5;

function refusedTo(refusals: readonly Refusal[]): string {
  const sorted = refusals.toSorted((a, b) => a.chatId - b.chatId);
  const list = sorted.slice(0, named).map(({ chatId, reason, hint }) => `${chatId} (${hint ?? reason})`);
  return `Telegram refuses messages to ${list.join(", ")}${sorted.length > named ? " and others" : ""}`;
}
