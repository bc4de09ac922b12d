import * as z from "zod";
import { responseSchema } from "./responses.ts";

const text = z.string().max(256);
const count = z.int().min(0);

export const eventStates = ["waiting", "sent", "refused", "partly_refused", "expired"] as const;

/** Where an event is: the body of the bridge's `GET /events/:id`. Times are RFC 3339. */
export const eventStatusSchema = z.object({
  event_id: z.string(),
  state: z
    .enum(eventStates)
    .describe(
      "waiting: not all messages are settled; refused and partly_refused: Telegram took none, or not all; expired: none was sent in time",
    ),
  accepted_at: text,
  settled_at: text.exactOptional().describe("When the last message was sent or refused"),
  messages: z
    .object({ total: count, waiting: count, sent: count, refused: count })
    .describe("Telegram messages that the event became; total is 0 when it goes to nobody"),
  muted: z
    .object({ messages: count, reason: text.describe("Why they are not sent") })
    .exactOptional()
    .describe("Messages that are not sent, because the people have muted the bot; total counts them, too"),
  expired: count
    .exactOptional()
    .describe("Messages that are not sent, because their time to live was over; total counts them, too"),
  replaced: count
    .exactOptional()
    .describe(
      "Messages that are not sent, because a later progress of the task took their place; total counts them, too",
    ),
  waiting: z
    .object({
      reason: text.describe("What the event's next message waits for"),
      until: text.exactOptional().describe("Time of the next try, where it is known"),
    })
    .exactOptional(),
  refusals: z
    .array(z.object({ chat_id: z.int(), reason: text.describe("Telegram's words"), at: text }))
    .max(20)
    .readonly()
    .describe("Chats that refused it; forgotten with the refused messages, after 7 days or when there are many"),
  // A bridge of the version before does not tell.
  replies: z
    .array(responseSchema.pick({ user_id: true, username: true, kind: true, text: true, at: true }))
    .max(20)
    .readonly()
    .default([])
    .describe("What people answered to it, newest first"),
});

export type EventStatus = z.output<typeof eventStatusSchema>;
export type EventState = EventStatus["state"];
export type EventWaiting = NonNullable<EventStatus["waiting"]>;

type Unsent = { readonly muted?: number; readonly expired?: number; readonly replaced?: number };
type Counts = Omit<EventStatus["messages"], "sent"> & Unsent;

/**
 * The state of an event by the counts of its messages.
 *
 * @example
 * ```ts
 * eventStateOf({ total: 3, waiting: 0, refused: 1 }); // => partly_refused
 * ```
 */
export function eventStateOf({ total, waiting, refused, muted = 0, expired = 0, replaced = 0 }: Counts): EventState {
  if (waiting > 0) return "waiting";
  const tried = total - muted - expired - replaced;
  if (refused === 0) return tried === 0 && expired > 0 ? "expired" : "sent";
  return refused < tried ? "partly_refused" : "refused";
}

/**
 * The path under which the bridge tells where an event is. Without a client it is any client's event.
 *
 * @example
 * ```ts
 * eventPath("build 7", "claude"); // => /events/build%207?client=claude
 * ```
 */
export function eventPath(eventId: string, client: string | undefined): string {
  const query = client === undefined ? "" : `?client=${encodeURIComponent(client.toWellFormed())}`;
  return `/events/${encodeURIComponent(eventId.toWellFormed())}${query}`;
}
