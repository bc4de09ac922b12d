import { BRIDGE_FENCED, fencedText } from "../../pausing/fencing.ts";
import { DELIVERY_PAUSED, pausedText } from "../../pausing/paused-delivery.ts";
import type { Refusal, RefusedTopic } from "../../probing/parts-probe.ts";
import { ofBridge } from "./bridge-answer.ts";
import { fails, holds } from "./judgement.ts";

/** Telegram accepts the messages to every recipient. Not part of Ready: messages still reach the others. */
export const delivering = ofBridge(({ refusals = [], refusedTopics = [], waiting, paused, fenced }) => {
  if (fenced) return fails(BRIDGE_FENCED, fencedText);
  if (paused) return fails(DELIVERY_PAUSED, `${pausedText(paused)}: messages are accepted and kept`);
  if (refusals.length > 0) return fails("RecipientRefused", refusedTo(refusals));
  if (waiting !== undefined) return fails("WaitingForTelegram", `nothing is sent for a while: ${waiting}`);
  if (refusedTopics.length > 0) return fails("TopicRefused", refusedFor(refusedTopics));
  return holds("NothingRefused", "Telegram refuses no recipient's messages");
});

/** At most so many recipients are named. The number of the others is left out, so that the message does not change often. */
const named = 5;

function refusedTo(refusals: readonly Refusal[]): string {
  const sorted = refusals.toSorted((a, b) => a.chatId - b.chatId || compare(a.name ?? "", b.name ?? ""));
  return `Telegram refuses messages to ${some(sorted.map((each) => `${each.name ?? each.chatId} (${each.hint ?? each.reason})`))}`;
}

function refusedFor(topics: readonly RefusedTopic[]): string {
  const sorted = topics.toSorted((a, b) => compare(a.name, b.name));
  const list = some(sorted.map(({ name, hint }) => `${name} (${hint})`));
  return `Telegram refuses the topics of ${list}: their messages go to the groups' General topics`;
}

const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b));

const some = (texts: readonly string[]) =>
  texts.slice(0, named).join(", ") + (texts.length > named ? " and others" : "");
