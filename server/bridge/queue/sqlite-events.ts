import type { EventKey, EventRecord, SettledEvent } from "./event.ts";
import type { Settlement } from "./message.ts";
import type { Row } from "./sqlite-rows.ts";
import type { prepare } from "./sqlite-statements.ts";

type Statements = Pick<ReturnType<typeof prepare>, "settleEvent" | "event" | "waitingOfEvent" | "refusalsOfEvent">;

/** Notes how a message of an event ended; the event, when that was the last one. */
export function settleEvent(
  sql: Statements,
  { id, client }: EventKey,
  at: number,
  kind: Exclude<Settlement["kind"], "retry"> | "replaced",
): SettledEvent | undefined {
  const counts = (["failed", "muted", "expired", "replaced"] as const).map((each) => (each === kind ? 1 : 0));
  const row = sql.settleEvent.get(id, client, at, ...counts);
  if (row === undefined || row.ended_at === null) return undefined;
  return { id, client, ...countsOf(row) };
}

/** What is known of an event; undefined when it is not known, or not any more. */
export function eventRecord(sql: Statements, id: string, whose: string | undefined): EventRecord | undefined {
  const row = sql.event.get(id, whose ?? null);
  if (row === undefined) return undefined;
  const client = String(row.client);
  const waiting = sql.waitingOfEvent.all(id, client);
  return {
    id,
    client,
    acceptedAt: Number(row.accepted_at),
    ...(row.settled_at !== null && { settledAt: Number(row.settled_at) }),
    waiting: Number(waiting[0]?.count ?? 0),
    ...countsOf(row),
    next: waiting.map(toWaiting),
    refusals: sql.refusalsOfEvent.all(id, client).map(toRefusal),
  };
}

function countsOf({ messages, refused, muted, expired, replaced }: Row): Omit<SettledEvent, "id" | "client"> {
  const unsent = { muted: Number(muted), expired: Number(expired), replaced: Number(replaced) };
  return { total: Number(messages), refused: Number(refused), ...unsent };
}

function toWaiting({ chat_id, error }: Row): EventRecord["next"][number] {
  return { chatId: Number(chat_id), ...(error !== null && { error: String(error) }) };
}

function toRefusal({ chat_id, error, at }: Row): EventRecord["refusals"][number] {
  return { chatId: Number(chat_id), error: String(error), at: Number(at) };
}
