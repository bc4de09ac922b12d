import * as z from "zod";
import { routes } from "./routes.ts";

const client = z.string().min(1).max(100);

/** Most that one answer lists. */
export const mostDeadLetters = 100;

/** A message that Telegram refused for good, or that was given up. */
export const deadLetterSchema = z.object({
  id: z.int().min(0).describe("Of the message; one event may have several"),
  event_id: z.string(),
  client: z.string().max(256),
  chat: z.string().max(256).describe("Name of the chat, or its id"),
  reason: z.string().max(256).describe("Telegram's words, or why it was given up"),
  at: z.string().max(256).describe("When, RFC 3339"),
});

/** The query of the bridge's `GET /monitoring/dead-letters`, signed. */
export const deadLetterQuerySchema = z.object({
  client: client.exactOptional().describe("Whose; of everybody when not given"),
  before: z.coerce.number().int().min(1).exactOptional().describe("Older ones than that of this id"),
  limit: z.coerce.number().int().min(1).max(mostDeadLetters).default(50),
});

/** Its answer: the newest first. */
export const deadLettersSchema = z.object({
  dead_letters: z.array(deadLetterSchema).max(mostDeadLetters).readonly(),
  next_before: z.int().exactOptional().describe("`before` of the next ones; absent when there are no more"),
});

/**
 * The path that asks for them.
 *
 * @example
 * ```ts
 * deadLettersPath({ limit: 20, client: "ci" }); // => /monitoring/dead-letters?limit=20&client=ci
 * ```
 */
export function deadLettersPath(query: DeadLetterQuery): string {
  const fields = Object.entries(query).map(([name, value]) => [name, String(value).toWellFormed()]);
  return `${routes.deadLetters}?${new URLSearchParams(fields)}`;
}

/** The body of the bridge's routes that settle one. */
export const deadLetterRequestSchema = z.object({ client: client.describe("Who wants it") });

export const deadLetterAnswerSchema = z.object({
  changed: z.boolean().describe("False: it was done before"),
  event_id: z.string(),
  client: z.string(),
});

export const deadLetterFates = ["retry", "drop"] as const;

/** Whose may be settled: anybody's, or the own ones of the client that asks. */
export const deadLetterRoutes = Object.freeze({
  any: { retry: routes.retryDeadLetter, drop: routes.dropDeadLetter },
  own: { retry: routes.retryOwnDeadLetter, drop: routes.dropOwnDeadLetter },
});

/** Permission to see and settle those of all clients. */
export const manageDeadLetters = "manage_dead_letters";

export type ShownDeadLetter = z.output<typeof deadLetterSchema>;
export type DeadLetterQuery = z.output<typeof deadLetterQuerySchema>;
export type DeadLetters = z.output<typeof deadLettersSchema>;
export type DeadLetterRequest = z.output<typeof deadLetterRequestSchema> & {
  readonly whose: keyof typeof deadLetterRoutes;
};
export type DeadLetterAnswer = z.output<typeof deadLetterAnswerSchema>;
export type DeadLetterFate = (typeof deadLetterFates)[number];
