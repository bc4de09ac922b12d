import * as z from "zod";
import { sessionNameSchema } from "./sessions.ts";

const responseKinds = ["text", "other", "click"] as const;

/** What a person said to the bot. */
export const responseSchema = z.object({
  id: z.int().describe("Grows with every response"),
  at: z.string().describe("When the bridge got it, RFC 3339"),
  kind: z.enum(responseKinds).describe("text; other: a picture, a file and the like; click: a button"),
  user_id: z.int(),
  username: z.string().nullable(),
  first_name: z.string().nullable(),
  chat_id: z.int(),
  message_id: z.int().nullable().describe("Of a click the message with the button"),
  text: z.string().describe("What was said, the caption of a picture, or the data of a button"),
  event_id: z.string().nullable().describe("The event that it answers; null for what answers none"),
  // A bridge of the version before does not tell these.
  topic: z.int().nullable().exactOptional().describe("The topic of the chat in which it was said"),
  session: z.string().nullable().exactOptional().describe("The session that it was said to"),
});

export type Response = Readonly<z.output<typeof responseSchema>>;

const time = z.iso.datetime({ offset: true });

/** The query of the bridge's `GET /responses`. */
export const responseQuerySchema = z.object({
  client: z.string().exactOptional().describe("Whose events were answered; what answers no event is for all"),
  since: time.exactOptional(),
  kind: z.enum(responseKinds).exactOptional().describe("Only those of this kind"),
  session: sessionNameSchema
    .exactOptional()
    .describe("Only what was said to this session of the client's and it has not got yet"),
  before: z.coerce.number().int().min(1).exactOptional().describe("Only those before the one with this id"),
  limit: z.coerce.number().int().min(1).max(100).default(10),
});

export type ResponseQuery = z.output<typeof responseQuerySchema>;

/** The body of the bridge's `GET /responses`, newest first. */
export const responsesSchema = z.object({
  responses: z.array(responseSchema).readonly(),
  // A bridge of the version before does not tell.
  total: z.int().min(0).exactOptional().describe("How many there are, with those beyond the limit"),
});

export type Responses = Readonly<z.output<typeof responsesSchema>>;

/** The query of the bridge's `DELETE /responses`. */
export const clearQuerySchema = z.object({
  client: z.string().describe("Whose events were answered"),
  until: time.describe("Older ones are deleted"),
  unclaimed: z.enum(["true", "false"]).default("false").describe("Also what answers no event, and so is for all"),
});

export type ClearQuery = z.output<typeof clearQuerySchema>;

/** The body of the bridge's answer to `DELETE /responses`. */
export const clearedSchema = z.object({ deleted: z.int().min(0) });

/**
 * The path and query under which the bridge tells what people said, or deletes it.
 *
 * @example
 * ```ts
 * responsesPath({ client: "ci & cd", limit: 10 }); // => /responses?client=ci+%26+cd&limit=10
 * ```
 */
export function responsesPath(query: ResponseQuery | ClearQuery): string {
  const values = Object.entries(query).map(([name, value]) => [name, String(value)]);
  return `/responses?${new URLSearchParams(values)}`;
}
