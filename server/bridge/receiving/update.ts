import * as z from "zod";
import { fileIn, type ReceivedFile } from "./received-file.ts";

/** Kinds of updates that Telegram is asked for; every other stays away. */
export const ALLOWED_UPDATES = ["message", "callback_query"] as const;

/** What Telegram lets a message have, in UTF-16 units. */
const LONGEST = { text: 4_096, name: 64, data: 64 } as const;

const cut = (units: number) => z.string().transform((text) => text.slice(0, units).toWellFormed());

const person = z.object({
  id: z.int(),
  is_bot: z.boolean(),
  first_name: cut(LONGEST.name),
  username: cut(LONGEST.name).exactOptional(),
});

const chat = z.object({ id: z.int(), type: z.enum(["private", "group", "supergroup", "channel"]) });

const messageSchema = z.object({
  message_id: z.int(),
  chat,
  /** A thread is a topic only with `is_topic_message`: without it, it is a row of answers. */
  message_thread_id: z.int().exactOptional(),
  is_topic_message: z.boolean().exactOptional(),
  /** Absent in channels. */
  from: person.exactOptional(),
  /** A chat in whose name somebody writes: nobody knows who it is. */
  sender_chat: z.unknown().optional(),
  text: cut(LONGEST.text).exactOptional(),
  caption: cut(LONGEST.text).exactOptional(),
  reply_to_message: z.object({ message_id: z.int(), from: person.exactOptional() }).exactOptional(),
});

/** What Telegram says in a group that became a supergroup, and what in the supergroup: people cannot write that. */
const migrationSchema = z.union([
  z
    .object({ chat: z.object({ id: z.int() }), migrate_to_chat_id: z.int() })
    .transform(({ chat, migrate_to_chat_id }) => ({ from: chat.id, to: migrate_to_chat_id })),
  z
    .object({ chat: z.object({ id: z.int() }), migrate_from_chat_id: z.int() })
    .transform(({ chat, migrate_from_chat_id }) => ({ from: migrate_from_chat_id, to: chat.id })),
]);

const clickSchema = z.object({
  id: z.string().min(1).max(128),
  from: person,
  /** Absent when the message is too old. */
  message: z.object({ message_id: z.int(), chat }).exactOptional(),
  data: cut(LONGEST.data).exactOptional(),
});

export type Person = z.output<typeof person>;
export type IncomingMessage = z.output<typeof messageSchema> & { readonly file?: ReceivedFile };
export type Click = z.output<typeof clickSchema>;

export type Migration = z.output<typeof migrationSchema>;

export type Update = { readonly id: number } & (
  | { readonly kind: "message"; readonly message: IncomingMessage }
  | { readonly kind: "click"; readonly click: Click }
  | { readonly kind: "migration"; readonly migration: Migration }
  /** Nothing that was asked for, or not of the form that the Bot API describes. */
  | { readonly kind: "other" }
);

const updateId = z.object({ update_id: z.int().min(0) });

/** What Telegram hands out, read once. Undefined for what has no id: it cannot be confirmed. */
export function readUpdate(raw: unknown): Update | undefined {
  const identity = updateId.safeParse(raw);
  if (!identity.success) return undefined;
  const id = identity.data.update_id;
  const { message, callback_query } = raw as Readonly<Record<string, unknown>>;
  const migrated = migrationSchema.safeParse(message);
  if (migrated.success) return { id, kind: "migration", migration: migrated.data };
  const said = messageSchema.safeParse(message);
  if (said.success) {
    const file = fileIn(message);
    return { id, kind: "message", message: { ...said.data, ...(file && { file }) } };
  }
  const clicked = clickSchema.safeParse(callback_query);
  if (clicked.success) return { id, kind: "click", click: clicked.data };
  return { id, kind: "other" };
}
