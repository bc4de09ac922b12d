import type { Activity, EventTrace } from "../../../contract/monitoring.ts";
import type { EventKey } from "../queue/event.ts";
import { refusalOf } from "../storage/sqlite-error.ts";
import type { Store } from "../storage/store.ts";
import { type Happening, happeningOf, stepOf } from "./happenings.ts";
import { prepareMonitoring } from "./monitoring-statements.ts";

export type JournalOptions = {
  readonly store: Pick<Store, "db" | "write">;
  /** How chats are called: to be looked up once for a whole list. */
  readonly chats: () => (chatId: number) => string;
  readonly now: () => number;
};

export type Note = {
  readonly kind: string;
  readonly at: number;
  readonly event?: EventKey | undefined;
  readonly chatId?: number | undefined;
  /** Id of a refused message. */
  readonly message?: number | undefined;
  readonly detail?: string | undefined;
};

type Row = Readonly<Record<string, unknown>>;
type Step = EventTrace["steps"][number];

const NOTES_KEPT = 20_000;
/** As long as refused messages are kept. */
const NOTES_KEPT_MS = 7 * 24 * 3_600_000;
const BATCH = 200;
/** Of activity, and of an event's steps of one kind. */
const SHOWN = 100;
const MOST_STEPS = 200;

/**
 * What happened, in the bridge's file. That events came and were delivered stands there anyway; what is beside the usual is
 * noted. A note is committed with whatever else is written in the same turn: it costs no disk access of its own.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #sql: ReturnType<typeof prepareMonitoring>;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#sql = prepareMonitoring(options.store.db);
  }

  /** A note that cannot be written is lost: the storage says itself what is wrong. */
  note(note: Note): void {
    this.#options.store.write(() => this.add(note)).catch(() => {});
  }

  /** The same within the write that calls it. */
  add({ kind, at, event, chatId = undefined, message, detail }: Note): void {
    const columns = [
      event?.id ?? null,
      event?.client ?? null,
      chatId ?? null,
      message ?? null,
      detail ?? null,
    ] as const;
    const row = this.#sql.note.get(Math.floor(at), kind, ...columns);
    this.#sql.forgetNotesUpTo.run(Number(row?.id) - NOTES_KEPT);
  }

  /** What was last done with a message that had been refused. */
  fateOf(message: number): { readonly kind: string; readonly event: EventKey } | undefined {
    const row = this.#sql.fate.get(message);
    return row && { kind: String(row.kind), event: { id: String(row.event_id), client: String(row.client) } };
  }

  /** The newest first. Throws RefusedError when it cannot be read. */
  activity(): readonly Activity[] {
    const chat = this.#options.chats();
    const rows = readable(() => this.#newest());
    const newest = rows.toSorted((a, b) => b.at - a.at).slice(0, SHOWN);
    return newest.map((each) => happeningOf(each, chat));
  }

  /** The steps of an event, the first one first. Throws RefusedError when it cannot be read. */
  steps(event: EventKey & { readonly acceptedAt: number; readonly total: number }): readonly Step[] {
    const chat = this.#options.chats();
    const happenings = readable(() => this.#ofEvent(event));
    const called = this.callOf(event);
    const accepted: Happening = { kind: "accepted", at: event.acceptedAt, detail: `${event.total} message(s)` };
    const all = [...(called === undefined ? [] : [{ kind: "called", at: called.at }]), accepted, ...happenings];
    return all
      .toSorted((a, b) => a.at - b.at)
      .slice(0, MOST_STEPS)
      .map((each) => stepOf(each, chat));
  }

  /** The call by which an event came; undefined when its server did not tell. */
  callOf({ id, client }: EventKey) {
    const row = this.#sql.call.get(client, id);
    if (row === undefined || row.called_at === null) return undefined;
    const { called_at, request_id, trace_id } = row;
    return {
      at: Number(called_at),
      requestId: String(request_id),
      traceId: trace_id === null ? undefined : String(trace_id),
    };
  }

  /** Deletes old notes, a small batch at a time; true when there may be more. */
  prune(): Promise<boolean> {
    const before = this.#options.now() - NOTES_KEPT_MS;
    return this.#options.store.write(() => Number(this.#sql.forgetNotes.run(BATCH, before).changes) === BATCH);
  }

  #newest(): readonly Happening[] {
    const { newestEvents, newestSent, newestReplies, newestApprovals, newestNotes } = this.#sql;
    const approvals = newestApprovals.all(SHOWN);
    return [
      ...newestEvents.all(SHOWN).map((row) => toHappening(row, isMuted(row) ? "muted" : "accepted")),
      ...newestSent.all(SHOWN).map((row) => toHappening(row, "delivered")),
      ...newestReplies.all(SHOWN).map((row) => toHappening(row, "reply", nameOf(row))),
      ...approvals.map((row) => toHappening(asApproval(row, "created_at"), "approval_asked")),
      ...approvals
        .filter(({ ended_at }) => ended_at !== null)
        .map((row) => toHappening(asApproval(row, "ended_at"), "approval_ended", String(row.state))),
      ...newestNotes.all(SHOWN).flatMap((row) => (row.kind === "retried" ? [] : [toHappening(row, String(row.kind))])),
    ];
  }

  #ofEvent({ id, client }: EventKey): readonly Happening[] {
    const { notesOfEvent, sentOfEvent, waitingOfEvent, repliesOfEvent } = this.#sql;
    return [
      ...notesOfEvent.all(client, id, SHOWN).map((row) => toHappening(row, String(row.kind))),
      ...sentOfEvent.all(client, id, SHOWN).map((row) => toHappening(row, "delivered")),
      ...waitingOfEvent.all(client, id, SHOWN).map((row) => toHappening({ ...row, at: row.created_at }, "queued")),
      ...repliesOfEvent.all(id, client, SHOWN).map((row) => toHappening(row, "reply", nameOf(row))),
    ];
  }
}

function toHappening(row: Row, kind: string, detail?: string): Happening {
  const { at, event_id, client, chat_id, message_id } = row;
  const said = detail ?? (typeof row.detail === "string" ? row.detail : undefined);
  return {
    kind,
    at: Number(at),
    ...(typeof event_id === "string" && { eventId: event_id, client: String(client ?? "") }),
    ...(chat_id !== null && chat_id !== undefined && { chatId: Number(chat_id) }),
    ...(message_id !== null && message_id !== undefined && { messageId: Number(message_id) }),
    ...(said !== undefined && { detail: said }),
  };
}

const isMuted = ({ messages, muted }: Row): boolean => Number(muted) > 0 && Number(muted) === Number(messages);

const asApproval = (row: Row, time: "created_at" | "ended_at"): Row => ({
  at: row[time],
  event_id: row.approval_id,
  client: row.client,
});

function nameOf({ username, first_name }: Row): string {
  return typeof username === "string" ? `@${username}` : String(first_name ?? "somebody");
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw refusalOf(error);
  }
}
