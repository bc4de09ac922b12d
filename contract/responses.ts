import * as z from "zod";

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
});

export type Response = Readonly<z.output<typeof responseSchema>>;

/** The query of the bridge's `GET /responses`. */
export const responseQuerySchema = z.object({
  client: z.string().exactOptional().describe("Whose events were answered; what answers no event is for all"),
  since: z.iso.datetime({ offset: true }).exactOptional(),
  limit: z.coerce.number().int().min(1).max(100).default(10),
});

/** The body of the bridge's `GET /responses`, newest first. */
export const responsesSchema = z.object({ responses: z.array(responseSchema).readonly() });
