import * as z from "zod";

/** What became of a code, so that it is asked about once, also over a restart. */
export const pairingStatus = z.strictObject({
  code: z.string().max(64).describe("Value of the annotation cctelegram.io/pair that this is about."),
  outcome: z.enum(["Paired", "Refused"]).describe("Whether somebody may talk to the bot by it."),
  message: z.string().max(1024).describe("One sentence, for people: who was let in, or why nobody was and what to do."),
});

export type PairingStatus = z.infer<typeof pairingStatus>;
