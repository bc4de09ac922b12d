import { type Activity, activityKinds, type EventTrace } from "../../../contract/monitoring.ts";
import { boundedText } from "../status/bounded-text.ts";

/** Something that happened, as the file has it. */
export type Happening = {
  readonly kind: string;
  readonly at: number;
  readonly eventId?: string;
  readonly client?: string;
  readonly chatId?: number;
  readonly messageId?: number;
  readonly detail?: string;
};

type Chat = (chatId: number) => string;
type Step = EventTrace["steps"][number];

/** What each kind is called where people read of it. */
const words: Readonly<Record<Activity["kind"], (place: string, detail: string) => string>> = {
  accepted: () => "An event was accepted",
  delivered: (place) => `A message was delivered${place}`,
  refused: (place, detail) => `Telegram refused a message${place}${detail}`,
  muted: (place) => `A message was not sent${place}: the people have muted the bot`,
  expired: (place) => `A message was not sent${place}: its time to live was over`,
  approval_asked: () => "An approval was asked for",
  approval_ended: (_place, detail) => `An approval has ended${detail}`,
  reply: (_place, detail) => `Somebody answered${detail}`,
  delivery_stopped: (_place, detail) => `Delivery was stopped${detail}`,
  delivery_resumed: (_place, detail) => `Delivery goes on${detail}`,
  dead_letter_retried: (place, detail) => `A refused message is sent again${place}${detail}`,
  dead_letter_dropped: (place, detail) => `A refused message was dropped${place}${detail}`,
  telegram_paused: (place, detail) => `Telegram asked the bot to wait${place}${detail}`,
  telegram_unreachable: (_place, detail) => `Telegram is not reachable${detail}`,
  telegram_reachable: () => "Telegram is reachable",
  ban: (_place, detail) => `A ban began${detail}`,
  ban_lifted: (_place, detail) => `A ban was lifted${detail}`,
  started: (_place, detail) => `The bridge has started${detail}`,
};

const isKind = (kind: string): kind is Activity["kind"] => activityKinds.some((each) => each === kind);

/** One line for people. */
export function happeningOf(happening: Happening, chat: Chat): Activity {
  const { at, eventId, client, chatId, detail } = happening;
  // A bridge of a later version may have noted more.
  const kind = isKind(happening.kind) ? happening.kind : "started";
  const place = chatId === undefined ? "" : ` (chat ${chat(chatId)})`;
  const said = words[kind](place, detail === undefined ? "" : `: ${detail}`);
  return {
    at: new Date(at).toISOString(),
    kind,
    text: boundedText(isKind(happening.kind) ? said : happening.kind),
    ...(eventId !== undefined && { event_id: eventId, client: boundedText(client ?? "") }),
  };
}

const stepWords: Readonly<Record<string, Pick<Step, "what"> & { readonly says?: (detail: string) => string }>> = {
  called: { what: "called" },
  accepted: { what: "accepted" },
  queued: { what: "queued" },
  retried: { what: "attempted" },
  delivered: { what: "delivered" },
  refused: { what: "refused" },
  muted: { what: "muted" },
  expired: { what: "expired" },
  reply: { what: "reply" },
  waiting: { what: "waiting" },
  dead_letter_retried: { what: "queued", says: (detail) => `sent again: ${detail}` },
  dead_letter_dropped: { what: "refused", says: (detail) => `dropped: ${detail}` },
};

/** A step of one event. */
export function stepOf({ kind, at, chatId, messageId, detail }: Happening, chat: Chat): Step {
  const { what, says = (text: string) => text } = stepWords[kind] ?? { what: "attempted" as const };
  return {
    at: new Date(at).toISOString(),
    what,
    ...(chatId !== undefined && { chat: boundedText(chat(chatId)) }),
    ...(messageId !== undefined && { message_id: messageId }),
    ...(detail !== undefined && { detail: boundedText(says(detail)) }),
  };
}
