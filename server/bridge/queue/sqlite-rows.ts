import type { NewMessage, OutgoingMessage, PendingMessage } from "./queue.ts";

/** A message as its row holds it. */
export type MessageRow = Omit<NewMessage, "entities"> & { readonly entities: string | null };

/** Entities as a column holds them. */
export function entitiesJson({ entities }: Pick<NewMessage, "entities">): string | null {
  return entities.length === 0 ? null : JSON.stringify(entities);
}

/** What a message takes on disk, without the row's fixed part. */
export function bytesOf({ text, entities }: MessageRow): number {
  return Buffer.byteLength(text) + Buffer.byteLength(entities ?? "");
}

export type Row = Record<string, unknown>;

export function toPending(row: Row): PendingMessage {
  const { id, chat_id, client, next_attempt_at } = row;
  const urgent = Number(row.urgent) > 0 ? { urgent: true as const } : {};
  return {
    id: Number(id),
    chatId: Number(chat_id),
    client: String(client),
    notBefore: Number(next_attempt_at),
    ...urgent,
  };
}

export function toOutgoing(row: Row): OutgoingMessage {
  return {
    id: Number(row.id),
    eventId: String(row.event_id),
    client: String(row.client),
    chatId: Number(row.chat_id),
    part: Number(row.part),
    text: String(row.text),
    entities: row.entities === null ? [] : JSON.parse(String(row.entities)),
    attempts: Number(row.attempts) - 1,
    uncertain: Number(row.uncertain) > 0,
    createdAt: Number(row.created_at),
  };
}
