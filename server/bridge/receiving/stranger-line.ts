import type { FormattedText } from "../formatting/formatted-text.ts";

/** At most one line to a person in this time. */
export const STRANGER_LINE_EVERY_MS = 3_600_000;

/** People who can be told in that time, and whose ids are remembered for it: beyond that nobody is told. */
export const STRANGERS_REMEMBERED = 1_000;

/** What somebody who is not on the list is told: the id that an administrator needs. */
export function strangerLine(userId: number): FormattedText {
  const id = String(userId);
  const text = `You are not on the list of people who may talk to this bot. To be put on it, send its administrator this id: ${id}`;
  return { text, entities: [{ type: "code", offset: text.length - id.length, length: id.length }] };
}

/** The same for a button, in the 200 characters that Telegram shows there. */
export function strangerAnswer(userId: number): string {
  return `You are not on the list of people who may use this bot. Your id, for its administrator: ${userId}`;
}
