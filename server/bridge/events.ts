import type { Accepted } from "../../contract/accepted.ts";
import { ServerError } from "../../contract/errors.ts";
import type { Event } from "../../contract/event.ts";
import { type EventStatus, eventStateOf } from "../../contract/event-status.ts";
import type { Attention } from "./attention/attention.ts";
import { heardOf, mutedWarning } from "./attention/recipients.ts";
import type { Control } from "./control/control.ts";
import type { Wording } from "./formatting/formatter.ts";
import { messagesOf } from "./formatting/messages.ts";
import { callOf } from "./monitoring/event-call.ts";
import type { Monitoring } from "./monitoring/monitoring.ts";
import type { Pacer } from "./pacing/pacer.ts";
import type { Progress } from "./progress/progress.ts";
import { taskOf } from "./progress/task.ts";
import { contentKey } from "./queue/content-key.ts";
import type { EventRecord, SettledEvent } from "./queue/event.ts";
import type { PendingMessage } from "./queue/message.ts";
import type { Queue } from "./queue/queue.ts";
import type { Inbox } from "./receiving/inbox.ts";
import { RefusedError } from "./refused-error.ts";
import type { Notices } from "./relay/notices.ts";
import type { Destination } from "./routing/destination.ts";
import { destinationsOf, type RoutingTable } from "./routing/routing-table.ts";
import type { ShownChats } from "./routing/shown-chats.ts";
import type { Channel } from "./sessions/channel.ts";
import { eventStatusOf } from "./status/event-status.ts";
import type { BridgeMetrics } from "./status/metrics.ts";
import { warningOf } from "./status/refusals.ts";
import { type Facts, fencedText, pausedText } from "./status/status.ts";

export type EventsOptions = {
  readonly queue: Queue;
  readonly routing: RoutingTable;
  readonly attention: Attention;
  readonly channel: Pick<Channel, "table" | "topics">;
  readonly wording: Wording;
  readonly control: Pick<Control, "paused">;
  readonly pacer: Pacer;
  readonly inbox: Pick<Inbox, "responsesTo">;
  readonly notices: Pick<Notices, "event">;
  readonly metrics: BridgeMetrics;
  readonly monitoring: Pick<Monitoring, "accepted">;
  readonly progress: Pick<Progress, "wake">;
  readonly facts: () => Facts;
  readonly shown: () => ShownChats;
  readonly botUsername: () => string | undefined;
  /** Takes messages that are to be sent. */
  readonly deliver: (messages: readonly PendingMessage[]) => void;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** Milliseconds that never go backwards. */
  readonly steady: () => number;
};

/** Takes events, and knows where they are. */
export class Events {
  readonly #options: EventsOptions;
  #lastTime: string | undefined;
  #isClosed = false;

  constructor(options: EventsOptions) {
    this.#options = options;
  }

  /** When the last one was taken, RFC 3339; undefined before. */
  get lastTime(): string | undefined {
    return this.#lastTime;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** From now on none is taken. */
  close(): void {
    this.#isClosed = true;
  }

  async accept(event: Event): Promise<Accepted> {
    if (this.#isClosed) throw closing();
    const { queue, routing, attention, wording, metrics, deliver, progress, channel, now, steady } = this.#options;
    const { event_id, client } = event;
    const acceptedAt = now();
    const begun = steady();
    const session = event.session === undefined ? undefined : channel.table.find({ client, name: event.session })?.row;
    const places = inTopicsOf(session, destinationsOf(event, routing), channel);
    const heard = heardOf(messagesOf(event, places, wording), attention);
    const call = callOf(event.trace, Date.parse(event.timestamp));
    const task = taskOf(event);
    const { duplicate, duplicateOf, count, muted, messages, replaced } = await queue.accept({
      ...{ id: event_id, client, acceptedAt, ...heard, call, task, session },
      // Progress may go back and forth: what is said again is what holds now.
      ...(task?.phase !== "progress" && { content: contentKey(event) }),
      expiresAt: event.ttl_seconds === undefined ? undefined : acceptedAt + event.ttl_seconds * 1000,
    });
    metrics.eventDuration.observe((steady() - begun) / 1000);
    if (!duplicate) {
      metrics.muted.inc(muted);
      this.taken(event_id, client, acceptedAt, count === 0 ? "sent" : "waiting");
      deliver(messages);
      for (const each of replaced ?? []) this.settled(each);
      progress.wake();
    }
    const said = duplicateOf && "The same was sent a short time ago, and is not sent again.";
    const warnings = [said, mutedWarning(muted, muted + count), ...this.warningsFor(messages, count)].filter(isText);
    return { event_id: duplicateOf ?? event_id, messages: count, duplicate, ...(warnings.length > 0 && { warnings }) };
  }

  /** Counts an event, and tells the servers of it. */
  taken(event_id: string, client: string, at: number, state: "waiting" | "sent" = "waiting"): void {
    const { metrics, monitoring, notices } = this.#options;
    metrics.events.inc();
    monitoring.accepted();
    this.#lastTime = new Date(at).toISOString();
    notices.event({ event_id, client, state });
  }

  /** Tells the servers of an event none of whose messages waits any more. */
  settled({ id, client, ...counts }: SettledEvent): void {
    this.#options.notices.event({ event_id: id, client, state: eventStateOf({ ...counts, waiting: 0 }) });
  }

  /** What a client should know about messages that wait. */
  warningsFor(messages: readonly PendingMessage[], count: number): readonly string[] {
    const { paused } = this.#options.control;
    const cause = this.#options.facts().fenced ? fencedText : paused && pausedText(paused);
    const kept = cause && count > 0 ? `The message is kept: ${cause}.` : undefined;
    return [kept, this.#refusalsFor(messages)].filter(isText);
  }

  /** Where an event is, with what the queue has of it. Throws EVENT_NOT_FOUND. */
  find(eventId: string, client: string | undefined): { readonly record: EventRecord; readonly status: EventStatus } {
    const { queue, inbox, facts, pacer } = this.#options;
    const record = queue.event(eventId, client);
    if (record === undefined) throw new ServerError("EVENT_NOT_FOUND");
    const replies = inbox.responsesTo(record);
    return { record, status: eventStatusOf(record, { facts: facts(), pacer, replies }) };
  }

  #refusalsFor(messages: readonly PendingMessage[]): string | undefined {
    const { queue, botUsername, shown } = this.#options;
    const refused = queue.refusedChats();
    if (refused.length === 0) return undefined;
    const isRefused = (chatId: number) => refused.some((chat) => chat.chatId === chatId);
    // A chat that is looked up again by its name was refused under the id that it had.
    const chats = messages.map(({ chatId }) => (isRefused(chatId) ? chatId : queue.currentChat(chatId)));
    return warningOf(chats, refused, botUsername(), shown());
  }
}

/** In groups in which the session has a topic of its own, its messages go there. */
function inTopicsOf(
  session: number | undefined,
  places: readonly Destination[],
  { topics }: Pick<Channel, "topics">,
): readonly Destination[] {
  if (session === undefined) return places;
  return places.map((place) => {
    const topic = place.topic ?? topics.of(session, place.chatId);
    return topic === undefined ? place : { ...place, topic };
  });
}

const isText = (value: unknown): value is string => typeof value === "string";

/** Why nothing is taken any more. */
export const closing = () => new RefusedError("shutting_down", "The bridge is shutting down.", 2);
