import type { FormattedText } from "../formatting/formatted-text.ts";
import { laneOf, ownLane } from "../pacing/lanes.ts";
import type { Placement, TaskMessages } from "../progress/task-messages.ts";
import { RefusedError } from "../refused-error.ts";
import type { EventKey, NewEvent, SettledEvent } from "./event.ts";
import { BRIDGE_ITSELF, type Line, type NewMessage, type OutgoingFile, type PendingMessage } from "./message.ts";
import type { Places } from "./places.ts";
import type { Stored } from "./queue.ts";
import type { Load, Shares } from "./shares.ts";
import { settleEvent } from "./sqlite-events.ts";
import { bytesOf, columnsOf, type MessageRow, messageRow } from "./sqlite-rows.ts";
import type { prepare } from "./sqlite-statements.ts";

export type IntakeOptions = {
  readonly sql: ReturnType<typeof prepare>;
  readonly shares: Shares;
  readonly places: Places;
  readonly tasks: TaskMessages;
  /** For how long what says the same is not sent again, in milliseconds. */
  readonly deduplicationMs: number;
};

/** What comes into the queue: each event once, as far as there is room. All of it is done within the write that calls it. */
export class Intake {
  readonly #options: IntakeOptions;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  event(event: NewEvent): Stored {
    const known = this.#options.sql.messagesOfEvent.get(event.id, event.client);
    if (known !== undefined) {
      const muted = Number(known.muted);
      return { duplicate: true, count: Number(known.messages) - muted, muted, messages: [] };
    }
    const { client, messages: parts, muted = 0, session = null } = event;
    if (event.task?.phase === "end") this.#options.tasks.end(client, event.task.id);
    const said = this.#saidBefore(event);
    if (said !== undefined) return said;
    const rows = parts.map((part) => this.#placed(event, messageRow(part)));
    const added = rows.filter((row) => row.replaces === undefined);
    const load = { messages: added.length, bytes: added.reduce((sum, row) => sum + bytesOf(row), 0) };
    if (added.length > 0 || rows.length === 0) this.requireRoom(client, load);
    const { at = null, requestId = null, traceId = null } = event.call ?? {};
    this.#options.sql.insertEvent.run(
      event.id,
      client,
      event.acceptedAt,
      rows.length + muted,
      muted,
      at,
      requestId,
      traceId,
      // Without a window nobody looks for it.
      (this.#options.deduplicationMs > 0 ? event.content : undefined) ?? null,
      session,
      rows.length === 0 ? event.acceptedAt : null,
    );
    const fileIds = this.#insertFiles(added);
    const messages = added.map((row) => this.#insertMessage(event, row, row.file && fileIds.get(row.file)));
    this.#options.shares.add(client, load);
    const replaced = rows.flatMap((row) => (row.replaces && this.#replace(event, row, row.replaces)) ?? []);
    const free = messages.filter((_message, index) => added[index]?.heldUntil === undefined);
    return { duplicate: false, count: rows.length, muted, messages: free, replaced };
  }

  /** Progress goes where its task is shown; everything else is a message of its own. */
  #placed({ client, task, acceptedAt }: NewEvent, row: MessageRow): PlacedRow {
    if (task?.phase !== "progress" || row.file !== undefined) return row;
    const place = { chatId: this.#options.places.of(row.chatId), topic: row.topic };
    const placement = this.#options.tasks.placeOf(client, task.id, place, acceptedAt);
    const isEdit = "heldUntil" in placement && placement.heldUntil !== undefined;
    // Nobody hears an edit: what makes a sound goes before it.
    return { ...row, ...placement, ...(isEdit && row.priority === "normal" && { priority: "bulk" }) };
  }

  again({ id, client }: EventKey, message: NewMessage, at: number): PendingMessage {
    const row = messageRow(message);
    this.#options.sql.growEvent.run(id, client);
    this.#options.shares.add(client, { messages: 1, bytes: bytesOf(row) });
    return this.#insertMessage({ id, client, acceptedAt: at }, row);
  }

  /** What waits says the new words, in the place that it has. */
  #replace(event: NewEvent, row: MessageRow, waiting: Replaced): SettledEvent | undefined {
    const { id, client, acceptedAt, expiresAt = null } = event;
    const { part, text, entities, weight } = row;
    this.#options.sql.replaceMessage.run(id, part, text, entities, weight, acceptedAt, expiresAt, waiting.id);
    this.#options.shares.remove(client, { messages: 1, bytes: waiting.bytes });
    this.#options.shares.add(client, { messages: 1, bytes: bytesOf(row) });
    return settleEvent(this.#options.sql, waiting.event, acceptedAt, "replaced");
  }

  /** The event of the same client that said the same a short time ago. */
  #saidBefore({ client, content, acceptedAt }: NewEvent): Stored | undefined {
    const { deduplicationMs: span } = this.#options;
    if (span === 0 || content === undefined) return undefined;
    const row = this.#options.sql.eventOfContent.get(client, content, acceptedAt - span);
    if (row === undefined) return undefined;
    const muted = Number(row.muted);
    const count = Number(row.messages) - muted;
    return { duplicate: true, duplicateOf: String(row.event_id), count, muted, messages: [] };
  }

  /** Throws RefusedError. */
  requireRoom(client: string, load: Load): void {
    const problem = this.#options.shares.problem(client, load);
    if (problem === undefined) return;
    throw new RefusedError(problem.whose === "client" ? "client_quota" : "queue_full", problem.message, 30);
  }

  /** Each file once, for all messages that have it. */
  #insertFiles(rows: readonly PlacedRow[]): ReadonlyMap<OutgoingFile, number> {
    const files = new Set(rows.flatMap(({ file }) => file ?? []));
    return new Map(
      [...files].map((file) => [
        file,
        Number(this.#options.sql.insertFile.get(file.name, file.mediaType, file.bytes)?.id),
      ]),
    );
  }

  #insertMessage(event: Omit<NewEvent, "messages">, message: PlacedRow, fileId: number | null = null): PendingMessage {
    const { id: eventId, client, acceptedAt, expiresAt = null } = event;
    const chatId = this.#options.places.of(message.chatId);
    const { task, heldUntil } = message;
    const held = [task ?? null, heldUntil === undefined ? 0 : 1, heldUntil ?? 0] as const;
    const file = [fileId, message.file?.kind ?? null, message.file?.bytes.length ?? 0] as const;
    const own = [...columnsOf(message), acceptedAt, expiresAt, ...held, ...file] as const;
    const row = this.#options.sql.insertMessage.get(eventId, client, chatId, ...own);
    return { id: Number(row?.id), chatId, client, notBefore: 0, lane: laneOf(message.priority) };
  }

  line(line: Line, at: number): PendingMessage | undefined {
    const row = messageRow({ part: 0, ...line });
    const load = { messages: 1, bytes: bytesOf(row) };
    const isBound = row.edits === null && line.urgent === undefined;
    if (isBound && this.#options.shares.problem(BRIDGE_ITSELF, load) !== undefined) return undefined;
    const message = this.#insertMessage({ id: BRIDGE_ITSELF, client: BRIDGE_ITSELF, acceptedAt: at }, row);
    this.#options.shares.add(BRIDGE_ITSELF, load);
    if (line.urgent === undefined) return message;
    this.#options.sql.hurry.run(message.id);
    return { ...message, lane: ownLane };
  }

  changeEdit({ chatId, edits, text, entities }: FormattedText & { chatId: number; edits: number }): boolean {
    const row = messageRow({ part: 0, chatId, text, entities, edits });
    const before = this.#options.sql.waitingEdit.get(this.#options.places.current(chatId), edits);
    if (before === undefined) return false;
    this.#options.sql.changeEdit.run(row.text, row.entities, Number(before.id));
    this.#options.shares.add(BRIDGE_ITSELF, { messages: 0, bytes: bytesOf(row) - Number(before.bytes) });
    return true;
  }
}

/** A row with its place: as one more, or where another one waits. */
type PlacedRow = MessageRow & {
  readonly task?: number;
  readonly heldUntil?: number | undefined;
  readonly replaces?: Replaced;
};

type Replaced = Extract<Placement, { readonly replaces: unknown }>["replaces"];
