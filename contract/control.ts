import * as z from "zod";

const client = z.string().min(1).max(100).describe("Name of the client that asks");

/** The body of the bridge's `POST /control/pause` and `POST /control/resume`. */
export const controlRequestSchema = z.object({ client });

/** The body of the bridge's `POST /control/restart`. */
export const restartRequestSchema = z.object({
  client,
  instance: z.string().min(1).max(100).describe("The one to end: a request that comes again ends no other"),
});

/** The body of the bridge's `GET /control`, and of the answers to the requests that change something. */
export const controlledSchema = z.object({
  instance: z.string().describe("Another one after a restart"),
  paused: z
    .object({ since: z.string().describe("RFC 3339"), by: z.string().describe("Name of the client that stopped it") })
    .exactOptional()
    .describe("Delivery is stopped: messages are accepted and kept"),
  fenced: z
    .object({ since: z.string().describe("RFC 3339") })
    .exactOptional()
    .describe("The bridge asks Telegram nothing, as its operator wishes: no client can end that"),
  changed: z.boolean().default(false).describe("The request changed something"),
});

export type Controlled = Readonly<z.output<typeof controlledSchema>>;
export type Fence = NonNullable<Controlled["fenced"]>;
export type Pause = NonNullable<Controlled["paused"]>;
