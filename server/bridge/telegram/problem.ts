import { TelegramApiError } from "node-telegram-bot-api";
import { outcomeOf } from "./outcome.ts";

/** Why Telegram did not do what it was asked for, when nothing was to be sent. Texts are without the token. */
export type Problem =
  /** Somebody else asks for the bot's updates, or has set a webhook for them. */
  | { readonly kind: "conflict"; readonly with: "poller" | "webhook"; readonly error: string }
  | { readonly kind: "unauthorized"; readonly error: string }
  | { readonly kind: "rate_limited"; readonly retryAfterMs: number; readonly error: string }
  /** `refused`: it answers, and will not do this. */
  | { readonly kind: "unreachable"; readonly error: string; readonly refused?: true };

export function problemOf(error: unknown): Problem {
  const outcome = outcomeOf(error);
  if (error instanceof TelegramApiError && error.errorCode === 409) {
    return { kind: "conflict", with: /webhook/i.test(error.description) ? "webhook" : "poller", error: outcome.error };
  }
  if (outcome.kind === "unauthorized" || outcome.kind === "rate_limited") return outcome;
  const isAnswer = error instanceof TelegramApiError && error.errorCode < 500;
  return { kind: "unreachable", error: outcome.error, ...(isAnswer && { refused: true }) };
}

/** Whether asking for the same again would lead to nothing else. */
export function isRefusal(problem: Problem): boolean {
  return problem.kind === "unreachable" && problem.refused === true;
}
