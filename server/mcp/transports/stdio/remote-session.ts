import type { Logger } from "../../../telemetry/logger.ts";
import { sessionNameHeader } from "../../channel/capability.ts";
import { isObject, type Params, type RequestMessage } from "../../message.ts";
import { type Position, readMessages } from "./event-reader.ts";
import { pause, type RemoteServer } from "./remote-server.ts";

/** Milliseconds between two attempts to listen. */
const retry = { firstMs: 1_000, longestMs: 30_000 };

export const accept = "application/json, text/event-stream";

export type RemoteSessionOptions = {
  readonly server: RemoteServer;
  readonly logger: Pick<Logger, "info" | "warn" | "debug">;
  readonly newId: () => string;
  /** What the client calls its session, which is a channel then. */
  readonly name: string | undefined;
  /** Takes a message that belongs to no request. */
  readonly onMessage: (message: object) => void;
};

/**
 * The session of the client's `initialize`. When the server knows it no longer, it is begun anew with the same words, and
 * the client does not notice.
 */
export class RemoteSession {
  readonly #options: RemoteSessionOptions;
  readonly #closed = new AbortController();
  /** What the client has asked for that a new session has to be told again. */
  readonly #wishes = new Map<string, Pick<RequestMessage, "method" | "params">>();
  #name: string | undefined;
  #params: Params | undefined;
  #id: string | undefined;
  #version = "";
  #renewal: Promise<void> | undefined;
  #listening = new AbortController();

  constructor(options: RemoteSessionOptions) {
    this.#options = options;
    this.#name = options.name;
  }

  get id(): string | undefined {
    return this.#id;
  }

  get headers(): Readonly<Record<string, string>> {
    if (this.#id === undefined) return {};
    return { "mcp-session-id": this.#id, ...(this.#version && { "mcp-protocol-version": this.#version }) };
  }

  /** What goes with requests that begin something. */
  get nameHeaders(): Readonly<Record<string, string>> {
    return this.#name === undefined ? {} : { [sessionNameHeader]: this.#name };
  }

  /** The server has answered the client's `initialize`. */
  begun(params: Params, { headers }: Response, result: unknown): void {
    if (params !== this.#params) this.#wishes.clear();
    this.#params = params;
    this.#id = headers.get("mcp-session-id") ?? undefined;
    this.#version = isObject(result) ? String(result.protocolVersion ?? "") : "";
  }

  /** The server has done what a request of the client asked for; some of it is part of the session. */
  done({ method, params }: RequestMessage, result: Params): void {
    if (method === "logging/setLevel") this.#wishes.set(method, { method, params });
    if (method === "resources/subscribe") this.#wishes.set(`uri ${params.uri}`, { method, params });
    if (method === "resources/unsubscribe") this.#wishes.delete(`uri ${params.uri}`);
    if (method === "tools/call" && params.name === "register_session") this.#registered(params, result);
  }

  /** A channel begins under its new name the next time. Another session has to ask again, and takes no name from anybody then. */
  #registered(params: Params, { isError, structuredContent }: Params): void {
    if (isError === true || !isObject(structuredContent)) return;
    const { name } = structuredContent;
    if (this.#name !== undefined) this.#name = String(name);
    else this.#wishes.set("name", { method: "tools/call", params: { ...params, arguments: { name } } });
  }

  /** Begins anew instead of a session that the server has forgotten; once, however many requests have noticed. */
  async renew(forgotten: string): Promise<void> {
    if (forgotten !== this.#id || this.#params === undefined) return this.#renewal;
    this.#renewal ??= this.#renew(this.#params).finally(() => {
      this.#renewal = undefined;
    });
    await this.#renewal;
  }

  /** Hears what the server says of itself, from now on. */
  listen(): void {
    this.#listening.abort();
    this.#listening = new AbortController();
    const signal = AbortSignal.any([this.#listening.signal, this.#closed.signal]);
    this.#hear(signal).catch((error: unknown) => {
      if (!signal.aborted) this.#options.logger.warn({ err: error }, "the server is not heard any more");
    });
  }

  /** Tells the server that the session has ended; it does not have to be there. */
  async close(): Promise<void> {
    this.#closed.abort();
    if (this.#id === undefined) return;
    const signal = AbortSignal.timeout(1_000);
    await this.#options.server.ask({ method: "DELETE", headers: this.headers, signal }).then(
      (response) => response.body?.cancel(),
      () => {},
    );
  }

  async #renew(params: Params): Promise<void> {
    const { server, logger, newId } = this.#options;
    const response = await this.#post({ id: newId(), method: "initialize", params }, this.nameHeaders);
    if (response.status !== 200) throw server.refusal(response);
    const { result } = (await messageIn(response)) as { result?: unknown };
    this.begun(params, response, result);
    await this.#post({ method: "notifications/initialized" }, this.headers).then(({ body }) => body?.cancel());
    for (const wish of this.#wishes.values()) {
      await this.#post({ id: newId(), ...wish }, this.headers).then(({ body }) => body?.cancel());
    }
    logger.info("the server had forgotten the session; it was begun anew");
    this.listen();
  }

  #post(message: object, headers: Readonly<Record<string, string>>): Promise<Response> {
    return this.#options.server.ask({
      method: "POST",
      headers: { accept, "content-type": "application/json", ...headers },
      body: JSON.stringify({ jsonrpc: "2.0", ...message }),
      signal: this.#closed.signal,
    });
  }

  async #hear(signal: AbortSignal): Promise<void> {
    const position: Position = {};
    let failures = 0;
    for (;;) {
      try {
        if (!(await this.#hearOnce(position, signal))) return;
        failures = 0;
      } catch (error) {
        signal.throwIfAborted();
        failures += 1;
        this.#options.logger.debug({ err: error }, "the server is not heard; trying again");
      }
      await pause(Math.min((position.retryMs ?? retry.firstMs) * 2 ** failures, retry.longestMs), signal);
    }
  }

  /** Until the stream ends; false when there is none: the server has none, or has forgotten the session. */
  async #hearOnce(position: Position, signal: AbortSignal): Promise<boolean> {
    const { server, onMessage } = this.#options;
    const resuming = position.lastEventId === undefined ? {} : { "last-event-id": position.lastEventId };
    const headers = { accept: "text/event-stream", ...this.headers, ...resuming };
    const response = await server.ask({ method: "GET", headers, signal });
    if ([400, 404, 405].includes(response.status)) {
      await response.body?.cancel();
      return false;
    }
    if (response.status !== 200) throw server.refusal(response);
    await readMessages(response, position, (message) => {
      onMessage(message as object);
      return false;
    });
    return true;
  }
}

/** The one message of an answer: a JSON object, or the one with a result in a stream. */
export async function messageIn(response: Response): Promise<unknown> {
  if (response.headers.get("content-type")?.startsWith("text/event-stream") !== true) return response.json();
  let answer: unknown;
  await readMessages(response, {}, (message) => {
    answer = message;
    return isObject(message) && message.method === undefined;
  });
  return answer;
}
