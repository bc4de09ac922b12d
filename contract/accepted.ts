import * as z from "zod";

/** The answer to an accepted event, given only after the event's messages are on disk: the body of `202 Accepted`. */
export const acceptedSchema = z.object({
  event_id: z
    .string()
    .describe("Identity; of one that said the same before, when this one is not sent for that reason"),
  messages: z.number().describe("Telegram messages that the event became; 0 when it goes to nobody"),
  duplicate: z
    .boolean()
    .describe("An event with this id, or one that said the same, had been accepted before: nothing is sent again"),
  warnings: z
    .array(z.string())
    .readonly()
    .exactOptional()
    .describe("What the sender should know, such as that every recipient refuses messages"),
});

export type Accepted = Readonly<z.output<typeof acceptedSchema>>;
