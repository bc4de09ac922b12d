import { setTimeout as sleep } from "node:timers/promises";
import { type Dispatcher, Pool } from "undici";
import type * as z from "zod";
import { acceptedSchema } from "../../contract/accepted.ts";
import { bridgeStatusSchema } from "../../contract/bridge-status.ts";
import { ServerError } from "../../contract/errors.ts";
import { bodyLimitText } from "../../contract/limits.ts";
import { routes } from "../../contract/routes.ts";
import { signedHeaders } from "../../contract/signature.ts";
import type { BridgeClient } from "./bridge-client.ts";

export type HttpBridgeOptions = {
  /** Base of the bridge's API, such as http://team-bridge:9001. */
  readonly url: string;
  readonly secret: string;
  /** Deadline of one call with all its attempts, in milliseconds. */
  readonly timeoutMs: number;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
};

const statusSchema = bridgeStatusSchema();

const firstBackoffMs = 100;
const longestBackoffMs = 1000;
// A status is asked for by people and probes: better a quick "unhealthy" than the patience of a delivery.
const statusTimeoutMs = 2000;

/**
 * A client of a bridge over HTTP. Connection errors and 503 are retried until the deadline, so that a restart of the
 * bridge is only a delay, and so is 401: while the secret is being rotated one side may not have the new one yet. That is
 * safe: the bridge delivers an event_id once, however often it arrives.
 */
export function httpBridgeClient(options: HttpBridgeOptions): BridgeClient {
  // A pod that vanished answers neither SYN nor request: leave an attempt early enough for the next to succeed.
  const pool = new Pool(new URL(options.url).origin, { connections: 64, connect: { timeout: 2000 } });
  const call = <T>(request: Request, timeoutMs: number, schema: z.ZodType<T>): Promise<T> =>
    callUntil(request, { pool, ...options, timeoutMs }, schema);
  return {
    send: (event) =>
      call({ method: "POST", path: routes.events, body: JSON.stringify(event) }, options.timeoutMs, acceptedSchema),
    status: () =>
      call(
        { method: "GET", path: routes.status, body: "" },
        Math.min(options.timeoutMs, statusTimeoutMs),
        statusSchema,
      ),
    close: () => pool.close(),
  };
}

type Request = { readonly method: "GET" | "POST"; readonly path: string; readonly body: string };

type Context = HttpBridgeOptions & { readonly pool: Pool };

type Answer = { readonly status: number; readonly retryAfterMs: number; readonly text: string };

type Failure = { readonly error: ServerError; readonly waitMs: number };

async function callUntil<T>(request: Request, context: Context, schema: z.ZodType<T>): Promise<T> {
  const deadline = performance.now() + context.timeoutMs;
  for (let backoff = firstBackoffMs; ; backoff = Math.min(backoff * 2, longestBackoffMs)) {
    const outcome = await attempt(request, context, deadline - performance.now());
    if (!isFailure(outcome)) return read(outcome, schema);
    const wait = Math.max(backoff, outcome.waitMs);
    if (performance.now() + wait >= deadline) throw outcome.error;
    await sleep(wait);
  }
}

const isFailure = (outcome: Answer | Failure): outcome is Failure => "error" in outcome;

async function attempt(request: Request, context: Context, remainingMs: number): Promise<Answer | Failure> {
  const limitMs = Math.max(1, Math.ceil(Math.min(remainingMs, Math.max(1000, context.timeoutMs / 3))));
  const options = signed(request, context, AbortSignal.timeout(limitMs));
  try {
    const response = await context.pool.request(options);
    const answer = {
      status: response.statusCode,
      retryAfterMs: seconds(response.headers["retry-after"]) * 1000,
      text: await response.body.text(),
    };
    if (answer.status === 401) return { error: wrongSecret(), waitMs: 0 };
    return answer.status === 503 ? unavailable(reasonOf(answer.text), answer.retryAfterMs) : answer;
  } catch (error) {
    if (isTimeout(error)) {
      return { error: new ServerError("TIMEOUT_ERROR", { timeout_ms: context.timeoutMs }, error), waitMs: 0 };
    }
    return unavailable("it is not reachable", 0, error);
  }
}

function signed({ method, path, body }: Request, context: Context, signal: AbortSignal): Dispatcher.RequestOptions {
  const timestampSeconds = Math.floor(context.clock() / 1000);
  return {
    method,
    path,
    signal,
    body: method === "POST" ? body : null,
    headers: {
      "content-type": "application/json",
      ...signedHeaders(context.secret, { method, path, timestampSeconds, body }),
    },
  };
}

function read<T>({ status, text, retryAfterMs }: Answer, schema: z.ZodType<T>): T {
  if (status === 413) throw new ServerError("PAYLOAD_TOO_LARGE", { limit: bodyLimitText });
  if (status === 429) {
    throw new ServerError("CLIENT_QUOTA_EXCEEDED", { reason: reasonOf(text), retry_after: retryAfterMs / 1000 });
  }
  if (status >= 300) throw new ServerError("BRIDGE_REFUSED", { reason: `${status} ${reasonOf(text)}` });
  const parsed = schema.safeParse(json(text));
  if (!parsed.success) throw new ServerError("BRIDGE_REFUSED", { reason: "it answered something unexpected" });
  return parsed.data;
}

function wrongSecret(): ServerError {
  const reason = "the signature is wrong; server and bridge need one HMAC_SECRET, and clocks that agree";
  return new ServerError("BRIDGE_REFUSED", { reason });
}

function unavailable(reason: string, waitMs: number, cause?: unknown): Failure {
  const details = waitMs > 0 ? { reason, retry_after: waitMs / 1000 } : { reason };
  return { error: new ServerError("BRIDGE_UNAVAILABLE", details, cause), waitMs };
}

function reasonOf(text: string): string {
  const body = json(text);
  const message = typeof body === "object" && body !== null && "message" in body ? body.message : undefined;
  return typeof message === "string" ? message.slice(0, 300) : "without a reason";
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
