import { errors } from "../../../../contract/error-catalogue.ts";
import { ServerError, toServerError } from "../../../../contract/errors.ts";
import { bodyLimitText } from "../../../../contract/limits.ts";
import { parseJson } from "../../../json/parse-json.ts";
import type { OwnFiles } from "../../../projects/own-files.ts";
import { failureOf } from "../../answer.ts";
import { isStateless } from "../../dispatcher.ts";
import {
  isObject,
  type Message,
  type MessageId,
  type Params,
  type RequestMessage,
  readMessage,
} from "../../message.ts";
import { mirrorsOf } from "../streamable-http/mirrored-headers.ts";
import { type Position, readMessages } from "./event-reader.ts";
import { brokenConnection, pause, RemoteServer, type RemoteServerOptions } from "./remote-server.ts";
import { accept, messageIn, RemoteSession, type RemoteSessionOptions } from "./remote-session.ts";
import { RemoteTools } from "./remote-tools.ts";
import { withOwnFiles } from "./sent-paths.ts";
import type { Peer } from "./stdio.ts";

export type RemotePeerOptions = RemoteServerOptions &
  Pick<RemoteSessionOptions, "logger" | "newId" | "name"> & {
    readonly send: (text: string) => boolean;
    /** Reads what a session sends by its path: the server cannot. */
    readonly ownFiles: OwnFiles;
    /** Unix time in milliseconds. */
    readonly clock: () => number;
  };

/** Requests that may be under way. */
const mostOpen = 256;

/** Milliseconds after which a broken stream is resumed, unless the server says when. */
const resumeMs = 500;

/** Passes everything on to a server elsewhere, over streamable HTTP. */
export function remotePeer(options: RemotePeerOptions): Peer {
  return new RemotePeer(options);
}

class RemotePeer implements Peer {
  readonly #options: RemotePeerOptions;
  readonly #server: RemoteServer;
  readonly #session: RemoteSession;
  readonly #tools = new RemoteTools();
  readonly #open = new Map<MessageId, AbortController>();
  /** Those that end only by the client's word, or wait for it. */
  readonly #unending = new Set<AbortController>();
  readonly #underWay = new Set<Promise<void>>();
  readonly isFull = false;

  constructor(options: RemotePeerOptions) {
    this.#options = options;
    this.#server = new RemoteServer(options);
    this.#session = new RemoteSession({
      ...options,
      server: this.#server,
      onMessage: (message) => void options.send(JSON.stringify(message)),
    });
  }

  take(line: string): void {
    const work = this.#take(line);
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  refuse(envelope: { id: MessageId; method: string } | undefined): void {
    this.#fail(new ServerError("PAYLOAD_TOO_LARGE", { limit: bodyLimitText }), envelope?.id, envelope?.method);
  }

  async drain(): Promise<void> {
    for (const abort of this.#unending) abort.abort();
    await Promise.all(this.#underWay);
    await this.#session.close();
  }

  end(): void {
    for (const abort of this.#open.values()) abort.abort();
  }

  async #take(line: string): Promise<void> {
    try {
      const { value, problem } = parseJson(line);
      if (Array.isArray(value)) return await this.#tell(line, undefined);
      const message = readMessage(value);
      if (message.kind === "malformed") return this.#fail(message.error, message.id, undefined);
      if (message.kind === "request") return await this.#ask(message, line, problem);
      if (message.kind === "notification" && message.method === "notifications/cancelled") {
        this.#open.get(message.params.requestId as MessageId)?.abort();
      }
      await this.#tell(line, message);
    } catch (error) {
      const known = toServerError(error);
      if (known.code === "MALFORMED_JSON") this.#fail(known, undefined, undefined);
      else this.#options.logger.warn({ err: known.cause ?? known }, "a message without an answer was lost");
    }
  }

  /** A message that gets no answer of its own, or a batch. */
  async #tell(body: string, message: Message | undefined): Promise<void> {
    // Revisions without sessions have no such messages over HTTP: closing the request's stream says the same.
    if (this.#session.id === undefined && message !== undefined) return;
    const { signal } = new AbortController();
    const response = await this.#post(body, this.#session.headers, signal);
    if (message === undefined && response.status !== 202) return this.#deliverBatch(response);
    await response.body?.cancel();
    if (message?.kind === "notification" && message.method === "notifications/initialized") this.#session.listen();
  }

  /** The answers to a batch, or why there are none. */
  async #deliverBatch(response: Response): Promise<void> {
    const answer: unknown = await response.json().catch(() => undefined);
    const isAnswer = Array.isArray(answer) || (isObject(answer) && answer.jsonrpc === "2.0");
    if (isAnswer && response.status !== 401) this.#send(answer);
    else this.#fail(this.#server.refusal(response), undefined, undefined);
  }

  async #ask(message: RequestMessage, body: string, problem: string | undefined): Promise<void> {
    const { id, method } = message;
    const refusal = this.#refusalOf(message, problem);
    if (refusal !== undefined) return this.#fail(refusal, id, method);
    const abort = new AbortController();
    this.#open.set(id, abort);
    if (method === "subscriptions/listen") this.#unending.add(abort);
    try {
      const whole = await withOwnFiles(message, this.#options.ownFiles);
      const text = whole === message ? body : textOf(whole);
      await this.#deliver(await this.#answered(whole, text, abort.signal), message, abort);
    } catch (error) {
      // Who has cancelled wants no answer.
      if (!abort.signal.aborted) this.#fail(toServerError(error), id, method);
    } finally {
      this.#open.delete(id);
      this.#unending.delete(abort);
    }
  }

  #refusalOf(message: RequestMessage, problem: string | undefined): ServerError | undefined {
    const { id, method } = message;
    if (problem !== undefined)
      return new ServerError("VALIDATION_ERROR", { problems: `the message is refused: ${problem}` });
    // Over HTTP a header repeats it; no method is named like this.
    if (isStateless(message, undefined) && !/^[\x21-\x7e]*$/.test(method))
      return new ServerError("METHOD_NOT_FOUND", { method: method.slice(0, 64), version: "2026-07-28" });
    if (this.#open.has(id))
      return new ServerError("INVALID_REQUEST", { reason: "a request with this id is under way" });
    return this.#open.size >= mostOpen ? new ServerError("RATE_LIMIT_EXCEEDED", { retry_after: 1 }) : undefined;
  }

  /** The server's answer; a session that it has forgotten is begun anew first. */
  async #answered(message: RequestMessage, body: string, signal: AbortSignal): Promise<Response> {
    if (message.method === "initialize") return this.#post(body, this.#session.nameHeaders, signal);
    if (isStateless(message, undefined)) return this.#answeredStateless(message, body, signal);
    const { id } = this.#session;
    const response = await this.#post(body, this.#session.headers, signal);
    if (response.status !== 404 || id === undefined) return response;
    await response.body?.cancel();
    await this.#session.renew(id);
    return this.#post(body, this.#session.headers, signal);
  }

  /** A call whose headers lack what the tool wants repeated was not begun: it is repeated as soon as the tool is known. */
  async #answeredStateless(message: RequestMessage, body: string, signal: AbortSignal): Promise<Response> {
    const { nameHeaders } = this.#session;
    const post = () =>
      this.#post(body, { ...mirrorsOf(message, this.#tools.schemaFor(message)), ...nameHeaders }, signal);
    const response = await post();
    if (message.method !== "tools/call" || !(await isHeaderMismatch(response))) return response;
    const isNews = await this.#tools.refresh(message, (request) => this.#resultOf(request, signal));
    return isNews ? post() : response;
  }

  /** The server's result for a request of our own. */
  async #resultOf(request: Pick<RequestMessage, "method" | "params">, signal: AbortSignal): Promise<unknown> {
    const message = { jsonrpc: "2.0", id: this.#options.newId(), ...request };
    const headers = mirrorsOf({ ...message, kind: "request" });
    const answer = await messageIn(await this.#post(JSON.stringify(message), headers, signal)).catch(() => undefined);
    return isObject(answer) ? answer.result : undefined;
  }

  #post(body: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    return this.#server.ask({
      method: "POST",
      headers: { accept, "content-type": "application/json", ...headers },
      body,
      signal,
    });
  }

  async #deliver(response: Response, message: RequestMessage, abort: AbortController): Promise<void> {
    if (response.status === 401) throw this.#server.refusal(response);
    const type = response.headers.get("content-type") ?? "";
    if (type.startsWith("text/event-stream")) return this.#deliverEvents(response, message, abort);
    const answer: unknown = type.startsWith("application/json")
      ? await response.json().catch(() => undefined)
      : undefined;
    if (!isObject(answer) || answer.jsonrpc !== "2.0") throw this.#server.refusal(response);
    if (message.method === "initialize" && isObject(answer.result)) {
      this.#session.begun(message.params, response, answer.result);
    }
    if (isObject(answer.result)) this.#done(message, answer.result);
    // What HTTP had to tell has no id, and the client waits for one.
    this.#send({ ...answer, id: message.id });
  }

  /** Passes on what comes before the answer, and the answer. A stream that breaks is resumed where the server knows how. */
  async #deliverEvents(first: Response, message: RequestMessage, abort: AbortController): Promise<void> {
    const { signal } = abort;
    const position: Position = {};
    const passOn = (told: unknown): boolean => {
      const isAnswer = isObject(told) && told.id === message.id && told.method === undefined;
      if (isAnswer && message.method === "initialize") this.#session.begun(message.params, first, told.result);
      if (isAnswer && isObject(told.result)) this.#done(message, told.result);
      if (isObject(told) && told.id !== undefined && told.method !== undefined) this.#unending.add(abort);
      this.#send(told);
      return isAnswer;
    };
    for (let response = first; !(await this.#read(response, position, passOn, signal)); ) {
      const { lastEventId, retryMs = resumeMs } = position;
      if (lastEventId === undefined) throw this.#broken(undefined);
      await pause(retryMs, signal);
      const headers = { accept: "text/event-stream", ...this.#session.headers, "last-event-id": lastEventId };
      response = await this.#server.ask({ method: "GET", headers, signal });
      if (response.status !== 200) throw this.#broken(undefined);
    }
  }

  #done(message: RequestMessage, result: Params): void {
    this.#session.done(message, result);
    this.#tools.learn(message, result);
  }

  async #read(response: Response, position: Position, isLast: (told: unknown) => boolean, signal: AbortSignal) {
    try {
      return await readMessages(response, position, isLast);
    } catch (error) {
      signal.throwIfAborted();
      if (position.lastEventId === undefined) throw this.#broken(error);
      return false;
    }
  }

  #broken(cause: unknown): ServerError {
    return this.#server.problem(brokenConnection, cause);
  }

  /** On one line, whatever the server wrote it on. */
  #send(message: unknown): void {
    this.#options.send(JSON.stringify(message));
  }

  #fail(error: ServerError, id: MessageId | undefined, method: string | undefined): void {
    const context = { requestId: this.#options.newId(), now: this.#options.clock() };
    this.#send(failureOf(error, { id, method, era: undefined }, context).message);
  }
}

const textOf = ({ id, method, params }: RequestMessage): string =>
  JSON.stringify({ jsonrpc: "2.0", id, method, params });

async function isHeaderMismatch(response: Response): Promise<boolean> {
  if (response.status !== errors.HEADER_MISMATCH.httpStatus) return false;
  const answer: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  return isObject(answer) && isObject(answer.error) && answer.error.code === errors.HEADER_MISMATCH.jsonRpcCode;
}
