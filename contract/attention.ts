import * as z from "zod";

/**
 * Where a person is: at the computer, away, or not to be disturbed. It decides which messages make a sound and which are
 * not sent.
 */
const attentionModes = ["local", "nomad", "muted"] as const;

export type AttentionMode = (typeof attentionModes)[number];

/** The body of the bridge's `POST /attention/mode`. */
export const modeRequestSchema = z.object({
  client: z.string().min(1).max(100).describe("Name of the client that asks"),
  mode: z.enum(attentionModes),
  user_ids: z
    .array(z.int().min(1))
    .min(1)
    .max(100)
    .exactOptional()
    .describe("Whose mode it is; absent: everybody's who gets messages"),
});

export type ModeRequest = Readonly<z.output<typeof modeRequestSchema>>;

/** The answer to it, given when the mode is on disk. */
export const modeSetSchema = z.object({
  mode: z.enum(attentionModes),
  user_ids: z.array(z.int()).readonly().describe("The people who have this mode now"),
});

export type ModeSet = Readonly<z.output<typeof modeSetSchema>>;
