import type { Agent, IncomingMessage } from "node:http";
import { answerText } from "./answer-text.ts";
import { ApiError, ConnectionError } from "./api-error.ts";
import type { Status } from "./kubernetes-object.ts";
import type { Connection } from "./transport.ts";

/** One HTTP exchange, ready to be sent. `path` is for messages, `target` has the query too. */
export type Exchange = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly signal: AbortSignal | undefined;
};

export type CountRequest = (method: string, code: string) => void;

/**
 * Sends and reads the whole answer. Throws `ApiError`, `ConnectionError`, or the signal's reason.
 *
 * @example
 * ```ts
 * const transport = new Transport(kubeConfig, 32);
 * const call: Exchange = { method: "GET", path, target: path, headers: {}, body: undefined, signal };
 * const version = await exchange(await transport.connection(), call, 30_000, () => {});
 * ```
 */
export async function exchange(
  connection: Connection,
  call: Exchange,
  timeoutMs: number,
  count: CountRequest,
): Promise<unknown> {
  const deadline = new Deadline(call.signal, timeoutMs);
  try {
    const answer = await send(connection.requests, connection, call, deadline, count);
    return JSON.parse(await answerText(answer));
  } catch (error) {
    throw deadline.explain(error, call);
  } finally {
    deadline.clear();
  }
}

/**
 * Sends and leaves the body to be read. The deadline is for the headers; the signal stays in force.
 *
 * @example
 * ```ts
 * const transport = new Transport(kubeConfig, 32);
 * const call: Exchange = { method: "GET", path, target: `${path}?watch=true`, headers: {}, body: undefined, signal };
 * const body = await openStream(await transport.connection(), call, 30_000, () => {});
 * for await (const event of watchEvents(body)) logger.debug(event, "seen");
 * ```
 */
export async function openStream(
  connection: Connection,
  call: Exchange,
  timeoutMs: number,
  count: CountRequest,
): Promise<AsyncIterable<Uint8Array>> {
  const deadline = new Deadline(call.signal, timeoutMs);
  try {
    const answer = await send(connection.watches, connection, call, deadline, count);
    deadline.disarm();
    return chunksOf(answer, deadline, call);
  } catch (error) {
    deadline.clear();
    throw deadline.explain(error, call);
  }
}

async function* chunksOf(body: AsyncIterable<Uint8Array>, deadline: Deadline, call: Exchange) {
  try {
    yield* body;
  } catch (error) {
    throw deadline.explain(error, call);
  } finally {
    deadline.clear();
  }
}

/** Resolves with an answer that is not an error, its body not yet read. */
async function send(
  agent: Agent,
  connection: Connection,
  call: Exchange,
  deadline: Deadline,
  count: CountRequest,
): Promise<IncomingMessage> {
  let answer: IncomingMessage;
  try {
    answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const { method, target: path, body } = call;
      // Node sets it by itself, except for a DELETE.
      const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
      const headers = { ...connection.headers, ...call.headers, ...length };
      const { signal } = deadline;
      const request = connection.open({ ...connection.server, agent, method, path, headers, signal }, resolve);
      // Not `once`: an error without a listener would end the process, also after the answer has begun.
      request.on("error", reject);
      // For example after 101, which Node reports neither as an answer nor as an error.
      request.on("close", () => reject(new Error("the connection was closed without an answer")));
      request.end(body);
    });
  } catch (error) {
    if (!call.signal?.aborted) count(call.method, "<error>");
    throw error;
  }
  const status = answer.statusCode ?? 0;
  count(call.method, String(status));
  if (status >= 400) throw await apiError(call, status, answer);
  return answer;
}

async function apiError(call: Exchange, status: number, answer: IncomingMessage): Promise<ApiError> {
  const body = parseStatus(await answerText(answer));
  const retryAfter = answer.headers["retry-after"];
  const seconds = Number(retryAfter);
  return new ApiError({
    method: call.method,
    path: call.path,
    status,
    body,
    retryAfterSeconds: retryAfter && Number.isFinite(seconds) ? seconds : undefined,
  });
}

function parseStatus(text: string): Status {
  try {
    const body: Status | null = JSON.parse(text);
    if (body?.kind === "Status") return body;
  } catch {
    // Proxies and the API server's own filters answer in plain text.
  }
  return { message: text.trim().slice(0, 300) };
}

/** Aborts when time is up or the caller's signal aborts, and knows which of them it was. */
class Deadline {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #timeoutMs: number;
  readonly #timer: NodeJS.Timeout;
  #expired = false;

  constructor(caller: AbortSignal | undefined, timeoutMs: number) {
    caller?.throwIfAborted();
    this.#caller = caller;
    this.#timeoutMs = timeoutMs;
    this.#timer = setTimeout(this.#expire, timeoutMs);
    caller?.addEventListener("abort", this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends the time limit, not the link to the caller's signal. */
  disarm(): void {
    clearTimeout(this.#timer);
  }

  clear(): void {
    this.disarm();
    this.#caller?.removeEventListener("abort", this.#abort);
  }

  /** The error to throw instead of what the socket threw. */
  explain(error: unknown, { method, path }: Exchange): unknown {
    if (error instanceof ApiError) return error;
    if (this.#expired) return new ConnectionError(method, path, "ETIMEDOUT", `nothing within ${this.#timeoutMs} ms`);
    if (this.#caller?.aborted) return this.#caller.reason;
    if (error instanceof SyntaxError) return new ConnectionError(method, path, "EBADJSON", "the answer is not JSON");
    const { code, message } = error as { code?: string; message?: string };
    return new ConnectionError(method, path, code ?? "UNKNOWN", message ?? String(error));
  }

  readonly #expire = (): void => {
    this.#expired = true;
    this.#controller.abort();
  };

  readonly #abort = (): void => this.#controller.abort(this.#caller?.reason);
}
