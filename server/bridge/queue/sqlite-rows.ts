import type { EventWeight } from "../../../contract/event-types.ts";
import type { Priority } from "../../../contract/priority.ts";
import { laneOf, ownLane } from "../pacing/lanes.ts";
import type { EventKey, SaidBy } from "./event.ts";
import type { Line, NewMessage, OutgoingMessage, PendingMessage, SentKeyboard } from "./message.ts";
import type { DeadLetter } from "./queue.ts";

/** A message as its row holds it. */
export type MessageRow = Omit<NewMessage, "entities" | "keyboard" | "weight" | "priority"> & {
  readonly weight: EventWeight;
  readonly priority: Priority;
  readonly entities: string | null;
  readonly keyboard: string | null;
  readonly edits: number | null;
};

/** A message as its row is to hold it. */
export function messageRow({ entities, keyboard, ...message }: NewMessage & Pick<Line, "edits">): MessageRow {
  return {
    edits: null,
    weight: "ordinary",
    priority: "normal",
    ...message,
    entities: entities.length === 0 ? null : JSON.stringify(entities),
    keyboard: keyboard === undefined ? null : JSON.stringify(keyboard),
  };
}

/** What is sent when the disk has lost the file. */
const LOST = "📎 The file was lost with a damaged disk.";

/** The columns that a message brings along, beside its chat. */
export function columnsOf({
  topic,
  publicName,
  part,
  text,
  entities,
  keyboard,
  edits,
  weight,
  priority,
  replyTo,
}: MessageRow) {
  const words = [text, entities, keyboard, edits] as const;
  return [topic ?? null, publicName ?? null, part, ...words, weight, priority, replyTo ?? null] as const;
}

/** What a message takes on disk, without the row's fixed part. */
export function bytesOf({ text, entities, keyboard, file }: MessageRow): number {
  const texts = [text, entities ?? "", keyboard ?? ""].reduce((sum, part) => sum + Buffer.byteLength(part), 0);
  return texts + (file?.bytes.length ?? 0);
}

export type Row = Record<string, unknown>;

export function toPending(row: Row): PendingMessage {
  const { id, chat_id, client, next_attempt_at } = row;
  return {
    id: Number(id),
    chatId: Number(chat_id),
    client: String(client),
    notBefore: Number(next_attempt_at),
    lane: Number(row.urgent) > 0 ? ownLane : laneOf(row.priority as Priority),
  };
}

export function toOutgoing(row: Row): OutgoingMessage {
  return {
    id: Number(row.id),
    eventId: String(row.event_id),
    client: String(row.client),
    chatId: Number(row.chat_id),
    ...(row.topic !== null && { topic: Number(row.topic) }),
    ...(row.public_name !== null && { publicName: String(row.public_name) }),
    part: Number(row.part),
    text: String(row.text),
    weight: row.weight as EventWeight,
    entities: row.entities === null ? [] : JSON.parse(String(row.entities)),
    keyboard: row.keyboard === null ? undefined : JSON.parse(String(row.keyboard)),
    edits: row.edits === null ? undefined : Number(row.edits),
    replyTo: row.reply_to === null ? undefined : Number(row.reply_to),
    attempts: Number(row.attempts) - 1,
    failures: Number(row.failures),
    uncertain: Number(row.uncertain) > 0,
    createdAt: Number(row.created_at),
    expiresAt: row.expires_at === null ? undefined : Number(row.expires_at),
    isProgress: row.task !== null,
    isShown: false,
    file: undefined,
  };
}

/** The message of a row with its file; `kept`: the row of that. */
export function withFile(message: OutgoingMessage, kind: unknown, kept: Row | undefined): OutgoingMessage {
  if (kept === undefined) return { ...message, text: `${message.text}\n\n${LOST}`.trimStart() };
  const file = { name: String(kept.name), mediaType: String(kept.media_type), bytes: kept.bytes as Uint8Array };
  return { ...message, file: { kind: kind === "photo" ? "photo" : "document", ...file } };
}

export function toSentKeyboard({ chat_id, message_id, copies }: Row): SentKeyboard {
  return { chatId: Number(chat_id), messageId: Number(message_id), copies: Number(copies) > 0 };
}

export function toDeadLetter(row: Row): DeadLetter {
  const { id, chat_id, error, settled_at } = row;
  const words = { error: String(error ?? ""), at: Number(settled_at) };
  return { ...toEventKey(row), message: Number(id), chatId: Number(chat_id), ...words };
}

/** The event of a message with its session. */
export function toSaidBy(row: Row): SaidBy {
  return { ...toEventKey(row), ...(row.session !== null && { session: Number(row.session) }) };
}

export function toEventKey({ event_id, client }: Row): EventKey {
  return { id: String(event_id), client: String(client) };
}
