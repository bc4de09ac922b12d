import { NetworkError, TelegramApiError } from "node-telegram-bot-api";
import { redact } from "../../telemetry/logger.ts";

/** Why Telegram gave no answer that says something of the message. */
export const failureCauses = ["connection", "timeout", "server_error"] as const;
export type FailureCause = (typeof failureCauses)[number];

/** How a request to send a message ended. Only `sent` and `failed` are final: nothing else gives a message up. */
export type Outcome =
  | { readonly kind: "sent"; readonly telegramMessageId: number }
  | { readonly kind: "rate_limited"; readonly retryAfterMs: number; readonly error: string }
  /** `uncertain`: Telegram may have the message all the same. */
  | { readonly kind: "retry"; readonly cause: FailureCause; readonly uncertain: boolean; readonly error: string }
  | { readonly kind: "entities_refused"; readonly error: string }
  | { readonly kind: "migrated"; readonly chatId: number; readonly error: string }
  /** Nothing was sent, but it is known now whose public name it was. */
  | { readonly kind: "named"; readonly chatId: number }
  /** Its file is none that Telegram shows as a photo. */
  | { readonly kind: "photo_refused"; readonly error: string }
  /** The message that was to be edited is gone, or cannot be edited any more. */
  | { readonly kind: "edit_refused"; readonly error: string }
  /** The group has the topic no more, or it is closed for the bot. */
  | { readonly kind: "topic_refused"; readonly error: string }
  | { readonly kind: "unauthorized"; readonly error: string }
  | { readonly kind: "failed"; readonly error: string };

export const outcomeKinds = [
  "sent",
  "rate_limited",
  "retry",
  "entities_refused",
  "migrated",
  "named",
  "photo_refused",
  "edit_refused",
  "topic_refused",
  "unauthorized",
  "failed",
] as const satisfies readonly Outcome["kind"][];

/** Errors of a connection that never came about: Telegram cannot have the message. */
const NEVER_CONNECTED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

type Refused = Exclude<Outcome, { kind: "sent" | "named" }>;

const TOPIC_REFUSED = /message thread not found|TOPIC_(CLOSED|DELETED|ID_INVALID)/i;

/** Its dimensions, its content, or the rights of a group in which only photos are forbidden. */
const PHOTO_REFUSED = /\bPHOTO_[A-Z_]+|IMAGE_PROCESS_FAILED|not enough rights to send photos/;

const EDIT_REFUSED = /message to edit not found|message can't be edited|MESSAGE_ID_INVALID/i;

/** What an error of node-telegram-bot-api means for the message. Texts are without the token. */
export function outcomeOf(error: unknown): Refused {
  const text = describe(error);
  if (error instanceof TelegramApiError) return answered(error, text);
  // A page of a proxy or a cut in the middle of the answer: the request itself may have got through.
  const isNetwork = error instanceof NetworkError;
  const uncertain = !(isNetwork && neverConnected(error));
  return { kind: "retry", cause: isNetwork ? causeOf(error, text) : "server_error", uncertain, error: text };
}

/** undici and the library say that a time is over, each in its own way. */
const causeOf = (error: Error, text: string): FailureCause =>
  !neverConnected(error) && /tim(ed? ?out|eout)|aborted/i.test(text) ? "timeout" : "connection";

function answered(error: TelegramApiError, text: string): Refused {
  const { errorCode, migrateToChatId, retryAfter } = error;
  if (errorCode === 429) return { kind: "rate_limited", retryAfterMs: (retryAfter ?? 1) * 1000, error: text };
  if (errorCode === 401 || errorCode === 404) return { kind: "unauthorized", error: text };
  if (migrateToChatId !== undefined) return { kind: "migrated", chatId: migrateToChatId, error: text };
  if (errorCode === 400 && /entit(y|ies)/i.test(error.description)) return { kind: "entities_refused", error: text };
  if (errorCode === 400 && PHOTO_REFUSED.test(error.description)) return { kind: "photo_refused", error: text };
  if (errorCode === 400 && EDIT_REFUSED.test(error.description)) return { kind: "edit_refused", error: text };
  if (errorCode === 400 && TOPIC_REFUSED.test(error.description)) return { kind: "topic_refused", error: text };
  if (errorCode >= 400 && errorCode < 500) return { kind: "failed", error: text };
  return { kind: "retry", cause: "server_error", uncertain: true, error: text };
}

function neverConnected(error: Error): boolean {
  return causes(error).some((cause) => cannotConnect(cause) || refusedByProxy(cause));
}

/** Of a name with several addresses none could be connected to, each for a reason of its own. */
function cannotConnect(error: Error & { readonly code?: unknown; readonly syscall?: unknown }): boolean {
  if (NEVER_CONNECTED.has(String(error.code))) return true;
  return error instanceof AggregateError && error.errors.every((each) => each?.syscall === "connect");
}

/** undici's words for a proxy that does not open a tunnel. */
function refusedByProxy({ message }: Error): boolean {
  return /^Proxy response \(\d+\)/.test(message);
}

/** The message of an error with those of its causes: "fetch failed" alone helps nobody. */
export function describe(error: unknown): string {
  const texts = causes(error).map(textOf);
  return redact([...new Set(texts)].join(": ") || String(error));
}

/** Node tries every address of a name and gathers what became of each in an error without a text of its own. */
function textOf(error: Error): string {
  const inner = error instanceof AggregateError ? error.errors.map((each) => describe(each)).join(" and ") : "";
  const texts = [error.message, inner].filter((text) => text !== "");
  return texts.length === 0 ? error.name : texts.join(": ");
}

function causes(error: unknown): readonly Error[] {
  const chain: Error[] = [];
  for (let at = error; at instanceof Error && chain.length < 5; at = at.cause) chain.push(at);
  return chain;
}
