import * as z from "zod";
import { filesSchema } from "./attachments.ts";

/** Sessions of programs that people talk to: what the bridge knows of them, and what servers ask it for them. */

/** Most of each. Texts are counted in UTF-16 units. */
export const sessionLimits = Object.freeze({
  /** Sessions of one client that the bridge knows. */
  sessions: 100,
  /** What waits for one session; the oldest goes first. */
  waiting: 1_000,
  waitingDays: 7,
  /** What one answer of `/sessions/next` hands over. */
  handed: 50,
  /** Seconds for which a holder holds a session; it says again within a third of that that it is there. */
  leaseSeconds: 90,
  /** Seconds for which one holds it whose connection is gone: it may come back on another one. */
  returnSeconds: 5,
  replyLength: 16_000,
  editLength: 4_096,
  permissionMinutes: 10,
});

export const sessionNameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    "expected 1 to 64 letters, digits, '.', '_' and '-', of which the first is a letter or a digit",
  );

const client = z.string().min(1).max(100).describe("Whose key: nobody else sees its sessions");
const holder = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, "expected 1 to 128 printable ASCII characters without spaces")
  .describe("Identity of the connection that is the session now, the same on every pod");
const generation = z.int().min(1).describe("Grows each time that somebody begins to listen");
const chatId = z.int().describe("Telegram's id of a chat");
const topic = z.int().min(1).max(2_147_483_647).describe("Id of a topic of the chat");
const messageId = z.int().min(1).max(2_147_483_647);
const text = (maximum: number) => z.string().min(1).max(maximum);

/** Whose session and which; `holder` is who speaks for it. */
const named = { client, name: sessionNameSchema };
const held = { ...named, holder };

/** The body of the bridge's `POST /sessions`. */
export const sessionRegistrationSchema = z.object({
  ...held,
  take_over: z.boolean().default(false).describe("Take the name also from another holder that is there"),
});

export type SessionRegistration = z.output<typeof sessionRegistrationSchema>;

const boundPlaceSchema = z.object({
  chat_id: chatId,
  topic: topic.nullable(),
  made: z.boolean().describe("The bridge made this topic for the session"),
  bound_at: z.string().describe("RFC 3339"),
});

/** A session as its client sees it. */
const sessionSchema = z.object({
  id: z.int().min(1).describe("Of the row: the topic of its doorbell is channel/ID"),
  client: z.string(),
  name: z.string(),
  state: z.enum(["here", "away"]).describe("here: somebody holds it now"),
  registered_at: z.string().describe("RFC 3339"),
  heard_at: z.string().describe("When its holder was heard last, RFC 3339"),
  waiting: z.int().min(0).describe("What people said and it has not got yet"),
  bound: z.array(boundPlaceSchema).readonly().describe("Chats and topics in which everything is said to it"),
});

export type Session = Readonly<z.output<typeof sessionSchema>>;

/** The answer to `POST /sessions`. */
export const sessionRegisteredSchema = z.object({
  session: sessionSchema,
  is_new: z.boolean().describe("False: the bridge knew it already"),
});

export type SessionRegistered = Readonly<z.output<typeof sessionRegisteredSchema>>;

/** The query of `GET /sessions`. */
export const sessionQuerySchema = z.object({ client });

/** Its answer, in the order of names. */
export const sessionsSchema = z.object({ sessions: z.array(sessionSchema).readonly() });

/**
 * The body of `POST /sessions/listen`, in which a holder may say that it holds the session for less than others. Without a generation somebody begins to listen, and whoever did before is fenced off: its
 * generation is refused from then on. With one it goes on, which is said every 30 s. Refused with SESSION_NAME_TAKEN while
 * another holder is there, and when another has begun to listen since.
 */
export const sessionListenSchema = z.object({
  ...held,
  generation: generation.exactOptional(),
  lease_seconds: z.int().min(1).max(sessionLimits.leaseSeconds).exactOptional(),
});

export type SessionListen = z.output<typeof sessionListenSchema>;

export const sessionListeningSchema = z.object({
  id: z.int().min(1),
  generation,
  lease_seconds: z.int().min(1),
  waiting: z.int().min(0),
});

export type SessionListening = Readonly<z.output<typeof sessionListeningSchema>>;

/**
 * The body of `POST /sessions/next`: what waits is handed over, in order. After a lost answer the same `after` brings the same
 * again. Refused as `/sessions/listen` is.
 */
export const sessionNextSchema = z.object({
  ...held,
  generation,
  after: z.int().min(0).default(0).describe("Id of the last event that came in this generation"),
  limit: z.int().min(1).max(sessionLimits.handed).default(20),
});

export type SessionNext = z.input<typeof sessionNextSchema>;

export const permissionRequestId = /^[a-km-z]{5}$/;
const requestId = z.string().regex(permissionRequestId, "expected five letters from a to z without l");

/** As Claude Code's notification `notifications/claude/channel/permission` has it. */
const verdictSchema = z.object({ request_id: requestId, behavior: z.enum(["allow", "deny"]) });

const eventHead = { id: z.int().min(1), at: z.string().describe("When it was said, RFC 3339") };

/** What waits for a session: as the parameters of the notification that tells it. */
export const channelEventSchema = z.discriminatedUnion("kind", [
  z.object({
    ...eventHead,
    kind: z.literal("message"),
    response: z.int().min(1).nullable().describe("Id among the responses"),
    content: z.string(),
    meta: z
      .record(z.string().regex(/^[A-Za-z0-9_]+$/), z.string())
      .readonly()
      .describe(
        "event_id, chat_id, topic, message_id, user_id, user, ts, age_seconds, again, attachment_id and so on: strings all",
      ),
  }),
  z.object({ ...eventHead, kind: z.literal("verdict"), verdict: verdictSchema }),
]);

export type ChannelEvent = Readonly<z.output<typeof channelEventSchema>>;

export const sessionHandedSchema = z.object({
  events: z.array(channelEventSchema).readonly(),
  more: z.boolean().describe("More waits after these"),
});

export type SessionHanded = Readonly<z.output<typeof sessionHandedSchema>>;

export const channelEndings = ["read", "written", "pulled", "dropped"] as const;

export type ChannelEnding = (typeof channelEndings)[number];

/**
 * The body of `POST /sessions/settle`. With a generation only what was handed over in it is settled; what the client has pulled
 * is settled without one. What is settled already stays as it is.
 */
export const sessionSettleSchema = z.object({
  ...named,
  generation: generation.exactOptional(),
  ending: z
    .enum(channelEndings)
    .describe(
      "read: the client has read past it; written: it was, and nobody knows whether it was read; pulled: a call of a tool got it; dropped: it is not wanted",
    ),
  of: z.enum(["events", "responses"]).default("events").describe("What the ids are of"),
  ids: z.array(z.int().min(1)).min(1).max(200).readonly(),
});

export type SessionSettle = z.input<typeof sessionSettleSchema>;

export const sessionSettledSchema = z.object({ settled: z.int().min(0).describe("How many were open until now") });

/** The body of `POST /sessions/leave`: the holder goes, and what people say waits. Prompts that it waits for are closed. */
export const sessionLeaveSchema = z.object({ ...held, generation: generation.exactOptional() });

export type SessionLeave = z.output<typeof sessionLeaveSchema>;

export const sessionLeftSchema = z.object({ left: z.boolean().describe("False: another holder is there, and stays") });

/** The body of `POST /sessions/permissions`: a prompt of a tool, in the words of Claude Code, becomes an approval. */
export const sessionPermissionSchema = z.object({
  ...held,
  request_id: requestId,
  tool_name: text(200),
  description: z.string().max(8_000).default(""),
  input_preview: z.string().max(8_000).default(""),
});

export type SessionPermission = z.input<typeof sessionPermissionSchema>;

export const sessionPermissionAskedSchema = z.object({
  approval_id: z.string(),
  expires_at: z.string().describe("RFC 3339"),
  messages: z.int().min(0).describe("Telegram messages that it became"),
  duplicate: z.boolean().describe("It had been asked before: nothing is sent again"),
});

export type SessionPermissionAsked = Readonly<z.output<typeof sessionPermissionAskedSchema>>;

/** The body of `POST /sessions/permissions/answered`: what shows that somebody has answered in the terminal. */
export const sessionPermissionAnsweredSchema = z.object({
  ...held,
  request_ids: z.array(requestId).min(1).max(100).readonly().exactOptional().describe("Without it all of this holder"),
});

export type SessionPermissionAnswered = z.output<typeof sessionPermissionAnsweredSchema>;

export const sessionPermissionClosedSchema = z.object({
  closed: z.int().min(0).describe("How many waited until now"),
});

const place = { chat_id: chatId, topic: topic.exactOptional() };

/** The body of `POST /sessions/reply`. The same again under the same id changes nothing. */
export const sessionReplySchema = z.object({
  ...named,
  reply_id: z.string().min(1).max(128).describe("Identity within the client, as that of an event"),
  ...place,
  text: text(sessionLimits.replyLength),
  files: filesSchema
    .exactOptional()
    .describe("Photos and documents that come behind the text, as in `data.attachments`"),
  reply_to: messageId.exactOptional().describe("The message that it answers, of the same chat"),
});

export type SessionReply = z.output<typeof sessionReplySchema>;

export const sessionRepliedSchema = z.object({
  event_id: z.string().describe("The reply_id: edit_message and the status of events know it"),
  messages: z.int().min(0).describe("Telegram messages that it became"),
  message_ids: z.array(messageId).readonly().describe("Of those that Telegram has already"),
  duplicate: z.boolean(),
});

export type SessionReplied = Readonly<z.output<typeof sessionRepliedSchema>>;

/** The body of `POST /sessions/react`. */
export const sessionReactSchema = z.object({
  ...named,
  chat_id: chatId,
  message_id: messageId,
  emoji: z.string().max(16).describe("One of those that Telegram allows; empty: takes the reaction away"),
});

export type SessionReact = z.output<typeof sessionReactSchema>;

export const sessionReactedSchema = z.object({ done: z.literal(true) });

/** The body of `POST /sessions/edit`: a message of this session gets another text. */
export const sessionEditSchema = z.object({
  ...named,
  chat_id: chatId,
  message: z.union([messageId, z.string().min(1).max(128)]).describe("Telegram's id, or the event_id of a reply"),
  text: text(sessionLimits.editLength),
});

export type SessionEdit = z.output<typeof sessionEditSchema>;

export const sessionEditedSchema = z.object({ message_id: messageId });

/** The query of `GET /attachments/:id`. The answer is the file, with its type and, as `content-disposition`, its name. */
export const attachmentQuerySchema = z.object(named);

/** Largest file that a bot may download (Bot API, getFile). */
export const largestAttachmentBytes = 20 * 1024 * 1024;

/** The body of `POST /people/pair`: an administrator confirms the code that somebody was told by the bot. */
export const pairSchema = z.object({
  client: client.describe("Who confirms it"),
  code: z.string().regex(/^[a-km-z2-9]{6}$/, "expected the six characters that the bot told"),
});

export type Pairing = z.output<typeof pairSchema>;

export const pairedSchema = z.object({
  user_id: z.int(),
  username: z.string().nullable(),
  first_name: z.string().nullable(),
});

export type Paired = Readonly<z.output<typeof pairedSchema>>;

/**
 * The path and query under which the bridge lists the sessions of a client.
 *
 * @example
 * ```ts
 * sessionsPath("ci & cd"); // => /sessions?client=ci+%26+cd
 * ```
 */
export function sessionsPath(client: string): string {
  return `/sessions?${new URLSearchParams({ client: client.toWellFormed() })}`;
}

/**
 * The path and query under which the bridge gives a file that somebody sent to a session.
 *
 * @example
 * ```ts
 * attachmentPath(7, { client: "ci", name: "api" }); // => /attachments/7?client=ci&name=api
 * ```
 */
export function attachmentPath(
  id: number,
  { client, name }: { readonly client: string; readonly name: string },
): string {
  return `/attachments/${id}?${new URLSearchParams({ client: client.toWellFormed(), name })}`;
}
