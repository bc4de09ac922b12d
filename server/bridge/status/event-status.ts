import { type EventStatus, type EventWaiting, eventStateOf } from "../../../contract/event-status.ts";
import type { Response } from "../../../contract/responses.ts";
import type { Pacer } from "../pacing/pacer.ts";
import type { EventRecord } from "../queue/event.ts";
import { shownId } from "../routing/shown-chats.ts";
import { boundedText } from "./bounded-text.ts";
import { type Facts, fencedText, pausedText, waitingOf } from "./status.ts";

export type EventStatusParts = {
  readonly facts: Facts;
  readonly pacer: Pick<Pacer, "holdOf">;
  /** What people answered, newest first. */
  readonly replies: readonly Response[];
};

/** Where an event is, in words for people. */
export function eventStatusOf(record: EventRecord, { facts, pacer, replies }: EventStatusParts): EventStatus {
  const { id, total, waiting, refused, muted, expired, replaced, acceptedAt, settledAt } = record;
  const unsent = waiting + refused + muted + expired + replaced;
  const state = eventStateOf(record);
  return {
    event_id: id,
    state,
    accepted_at: timestamp(acceptedAt),
    ...(state !== "waiting" && settledAt !== undefined && { settled_at: timestamp(settledAt) }),
    messages: { total, waiting, sent: Math.max(0, total - unsent), refused },
    ...(muted > 0 && { muted: { messages: muted, reason: "the recipients have muted the bot" } }),
    ...(expired > 0 && { expired }),
    ...(replaced > 0 && { replaced }),
    ...(state === "waiting" && { waiting: eventWaitingOf(record, facts, pacer) }),
    refusals: record.refusals.map(({ chatId, error, at }) => ({
      chat_id: shownId(chatId),
      reason: boundedText(error),
      at: timestamp(at),
    })),
    replies: replies.map(({ user_id, username, kind, text, at }) => ({ user_id, username, kind, text, at })),
  };
}

/** What holds everything, else what holds the first message that something holds, else its turn. */
function eventWaitingOf({ next }: EventRecord, facts: Facts, pacer: Pick<Pacer, "holdOf">): EventWaiting {
  const { pause, paused, fenced, now } = facts;
  if (fenced) return { reason: fencedText };
  if (paused !== undefined) return { reason: pausedText(paused) };
  const ofAll = waitingOf({ ...facts, pause: pause?.chatId === undefined ? pause : undefined });
  if (ofAll !== undefined) return ofAll;
  for (const { chatId, error } of next) {
    const hold = pacer.holdOf(chatId, now);
    if (hold === undefined) continue;
    const failed = error === undefined ? "" : `: ${error}`;
    const reason = hold.reason === "pause" ? "Telegram asked the bot to wait" : "the last try failed";
    return { reason: boundedText(reason + failed), until: timestamp(hold.until) };
  }
  return { reason: "it is being sent, or other messages go before it within Telegram's limits" };
}

function timestamp(time: number): string {
  return new Date(time).toISOString();
}
