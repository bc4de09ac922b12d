import { setTimeout as sleep } from "node:timers/promises";
import type { Dispatcher } from "undici";
import * as z from "zod";
import { ServerError } from "../../contract/errors.ts";
import { bodyLimitText } from "../../contract/limits.ts";
import { signedHeaders } from "../../contract/signature.ts";
import type { SigningSecrets } from "../../contract/signing-secrets.ts";

const firstBackoffMs = 100;
const longestBackoffMs = 1000;

export type BridgeCall<T> = {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body: string;
  /** The answer is a file, and no JSON: the schema is that of its bytes, type and name. */
  readonly isFile?: boolean;
  /** Of the answer. */
  readonly schema: z.ZodType<T>;
};

export type CallContext = {
  readonly pool: Dispatcher;
  readonly secrets: SigningSecrets;
  /** Deadline of one call with all its attempts, in milliseconds. */
  readonly timeoutMs: number;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
};

type Answer = {
  readonly status: number;
  readonly retryAfterMs: number;
  readonly text: string;
  readonly file?: object;
};

type Failure = { readonly error: ServerError; readonly waitMs: number };

/** Calls until the bridge answers, or the deadline is near. */
export async function callUntil<T>(call: BridgeCall<T>, context: CallContext): Promise<T> {
  const deadline = performance.now() + context.timeoutMs;
  for (let backoff = firstBackoffMs; ; backoff = Math.min(backoff * 2, longestBackoffMs)) {
    const remainingMs = deadline - performance.now();
    const limitMs = Math.max(1, Math.ceil(Math.min(remainingMs, Math.max(1000, context.timeoutMs / 3))));
    const outcome = await attempt(call, context, AbortSignal.timeout(limitMs));
    if (!isFailure(outcome)) return read(outcome, call.schema);
    const wait = Math.max(backoff, outcome.waitMs);
    if (performance.now() + wait >= deadline) throw outcome.error;
    await sleep(wait);
  }
}

/** Calls once, for at most the deadline. */
export async function callOnce<T>(call: BridgeCall<T>, context: CallContext, signal: AbortSignal): Promise<T> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(context.timeoutMs)]);
  const outcome = await attempt(call, context, limit);
  if (isFailure(outcome)) throw outcome.error;
  return read(outcome, call.schema);
}

const isFailure = (outcome: Answer | Failure): outcome is Failure => "error" in outcome;

async function attempt(
  call: BridgeCall<unknown>,
  context: CallContext,
  signal: AbortSignal,
): Promise<Answer | Failure> {
  try {
    const response = await requested(call, context, signal);
    if (call.isFile === true && response.statusCode === 200) return await fileIn(response);
    const answer = {
      status: response.statusCode,
      retryAfterMs: seconds(response.headers["retry-after"]) * 1000,
      text: await response.body.text(),
    };
    if (answer.status === 401) return { error: wrongSecret(), waitMs: 0 };
    return answer.status === 503 ? unavailable(reasonOf(answer.text), answer.retryAfterMs) : answer;
  } catch (error) {
    if (isTimeout(error)) {
      const details = { timeout_ms: context.timeoutMs, operation: `${call.method} ${call.path.split("?", 1)[0]}` };
      return { error: new ServerError("TIMEOUT_ERROR", details, error), waitMs: 0 };
    }
    return unavailable("it is not reachable", 0, error);
  }
}

/**
 * What the bridge answers to the first signature that it takes, or to the last one: during a rotation it may be given its secrets
 * before this process or after it.
 */
async function requested(call: BridgeCall<unknown>, context: CallContext, signal: AbortSignal) {
  const [first = "", ...others] = context.secrets.all;
  let response = await context.pool.request(signed(call, first, context, signal));
  for (const secret of others) {
    if (response.statusCode !== 401) break;
    await response.body.dump();
    response = await context.pool.request(signed(call, secret, context, signal));
  }
  return response;
}

function signed(
  { method, path, body }: BridgeCall<unknown>,
  secret: string,
  context: CallContext,
  signal: AbortSignal,
): Dispatcher.RequestOptions {
  const timestampSeconds = Math.floor(context.clock() / 1000);
  return {
    method,
    path,
    signal,
    body: method === "POST" ? body : null,
    headers: {
      "content-type": "application/json",
      ...signedHeaders(secret, { method, path, timestampSeconds, body }),
    },
  };
}

async function fileIn({ headers, body }: Dispatcher.ResponseData): Promise<Answer> {
  const bytes = new Uint8Array(await body.arrayBuffer());
  const file = {
    bytes,
    type: String(headers["content-type"] ?? "application/octet-stream"),
    name: fileNameIn(headers),
  };
  return { status: 200, retryAfterMs: 0, text: "", file };
}

/** The name of a file that is sent along (RFC 6266): the one in UTF-8, where there are two. */
function fileNameIn({ "content-disposition": disposition }: Dispatcher.ResponseData["headers"]): string | null {
  const [, encoded] = /filename\*=UTF-8''([^;\s]+)/i.exec(String(disposition)) ?? [];
  const [, plain] = /filename="((?:[^"\\]|\\.)*)"/i.exec(String(disposition)) ?? [];
  try {
    return encoded === undefined ? (plain?.replace(/\\(.)/g, "$1") ?? null) : decodeURIComponent(encoded);
  } catch {
    return plain ?? null;
  }
}

function read<T>({ status, text, retryAfterMs, file }: Answer, schema: z.ZodType<T>): T {
  const body = status < 300 ? {} : bodyOf(text);
  const refusal = refusalIn(body);
  if (refusal !== undefined) throw refusal;
  if (status === 413) throw new ServerError("PAYLOAD_TOO_LARGE", { limit: bodyLimitText });
  if (status === 429) {
    throw new ServerError("CLIENT_QUOTA_EXCEEDED", { reason: reasonOf(text), retry_after: retryAfterMs / 1000 });
  }
  if (status >= 300) throw new ServerError("BRIDGE_REFUSED", { reason: `${status} ${reasonOf(text)}` });
  const parsed = schema.safeParse(file ?? json(text));
  if (!parsed.success) throw new ServerError("BRIDGE_REFUSED", { reason: "it answered something unexpected" });
  return parsed.data;
}

/** What is the client's business, in the words of the catalogue. */
function refusalIn({
  code,
  message,
  reason,
  fields,
  ...details
}: Readonly<Record<string, unknown>>): ServerError | undefined {
  switch (code) {
    case "EVENT_NOT_FOUND":
    case "DEAD_LETTER_NOT_FOUND":
    case "APPROVAL_NOT_FOUND":
    case "APPROVALS_UNAVAILABLE":
    case "ATTACHMENT_NOT_FOUND":
    case "PAIRING_CODE_UNKNOWN":
      return new ServerError(code);
    case "SESSION_NAME_TAKEN":
    case "UNKNOWN_SESSION":
      return new ServerError(code, { name: shown(details.name) });
    case "CHAT_NOT_BOUND":
      return new ServerError(code, { name: shown(details.name), chat_id: Number(details.chat_id) });
    case "ATTACHMENT_TOO_LARGE":
      return new ServerError(code, { limit: shown(details.limit) });
    case "APPROVAL_CONFLICT":
      return new ServerError(code, { problem: shown(message) });
    case "RELAY_LIMIT_EXCEEDED":
    case "UNKNOWN_PERSON":
      return new ServerError(code, { reason: shown(reason) });
    case "VALIDATION_ERROR":
      // What the server itself could not know, such as who may talk to the bot; anything else is a fault of the server's.
      return Array.isArray(fields) ? invalid(fields) : undefined;
    default:
      return undefined;
  }
}

function invalid(fields: readonly unknown[]): ServerError | undefined {
  const told = z
    .array(z.object({ field: z.string(), problem: z.string() }))
    .min(1)
    .safeParse(fields);
  if (!told.success) return undefined;
  const problems = told.data.map(({ field, problem }) => `${field}: ${problem}`).join("; ");
  return new ServerError("VALIDATION_ERROR", { problems, fields: told.data });
}

function wrongSecret(): ServerError {
  const reason = "the signature is wrong; server and bridge need one HMAC_SECRET, and clocks that agree";
  return new ServerError("BRIDGE_REFUSED", { reason });
}

function unavailable(reason: string, waitMs: number, cause?: unknown): Failure {
  const details = waitMs > 0 ? { reason, retry_after: waitMs / 1000 } : { reason };
  return { error: new ServerError("BRIDGE_UNAVAILABLE", details, cause), waitMs };
}

const reasonOf = (text: string) => shown(bodyOf(text).message);

function shown(text: unknown): string {
  return typeof text === "string" ? text.slice(0, 300) : "without a reason";
}

function bodyOf(text: string): { readonly [name: string]: unknown } {
  const body = json(text);
  return typeof body === "object" && body !== null ? { ...body } : {};
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function seconds(header: string | string[] | undefined): number {
  const value = Number(header);
  return Number.isFinite(value) && value > 0 ? value : 0;
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}
