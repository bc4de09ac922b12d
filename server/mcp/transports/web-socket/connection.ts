import { ServerError, toServerError } from "../../../../contract/errors.ts";
import type { Caller, Origin } from "../../../access/access.ts";
import { type Answer, failureOf } from "../../answer.ts";
import { Conversation } from "../../conversation.ts";
import type { Dispatcher } from "../../dispatcher.ts";
import type { RequestMessage } from "../../message.ts";
import type { RequestLogger } from "../../method.ts";
import {
  authenticateMethod,
  credentialsIn,
  type Introduction,
  longestAuthentication,
  readIntroduction,
} from "./authenticate.ts";
import { type CloseReason, closeCodes } from "./close-codes.ts";
import type { ConnectionOptions, Known } from "./connection-options.ts";
import { Identity } from "./identity.ts";
import { IncomingBytes } from "./incoming-bytes.ts";
import type { OpenWebSocket } from "./open-web-sockets.ts";

/** What a client that does not read may leave unread, in bytes; then it is cut off. */
const mostUnread = 1024 * 1024;

/** What is written at once, though more may come in the same turn, in bytes. */
const mostHeld = 64 * 1024;

/** Milliseconds in which a stranger has to show its key. */
const authenticationMs = 10_000;

/** Pings and pongs of a client between two of our pings. */
const mostControlFrames = 300;

/** Our pings that may stay without an answer. */
const mostMissed = 2;

/** One WebSocket: who is at its other end, and how much it may hold. What is said on it is the conversation's. */
export class WebSocketConnection implements OpenWebSocket {
  readonly #options: ConnectionOptions;
  readonly #conversation: Conversation;
  readonly #identity: Identity;
  readonly #incoming: IncomingBytes;
  readonly #startedAt: number;
  readonly #closed = Promise.withResolvers<void>();
  #hurry: NodeJS.Timeout | undefined;
  #waiting: string[] = [];
  #messages = 0;
  #missed = 0;
  #controlFrames = 0;
  #isEnding = false;
  #isHeld = false;
  #isIntroducing = false;

  constructor(options: ConnectionOptions, known: Known | undefined) {
    const { authenticate, origin, bytes, clock } = options;
    this.#options = options;
    this.#startedAt = clock();
    this.#identity = new Identity(authenticate, origin);
    this.#incoming = new IncomingBytes(bytes);
    this.#conversation = new Conversation({
      ...options,
      dispatcher: {
        info: options.dispatcher.info,
        dispatch: (message, exchange) => this.#dispatch(message, exchange),
      },
      send: (text) => this.#send(text),
      onRoom: () => this.#goOn(),
    });
    this.#listen();
    if (known !== undefined) this.#begin(known);
    else this.#hurry = setTimeout(() => this.#close("authenticationTimeout"), authenticationMs).unref();
  }

  beat(): void {
    if (this.#isEnding) return;
    const { socket } = this.#options;
    this.#controlFrames = 0;
    // What we do not read ourselves we cannot hold against the peer.
    if (!socket.isPaused && this.#missed++ >= mostMissed) return void this.#cut("its peer does not answer");
    if (this.#identity.caller === undefined || this.#callerNow() !== undefined) socket.ping();
  }

  async drain(): Promise<void> {
    await Promise.race([this.#conversation.drain(), this.#closed.promise]);
    this.#close("restart");
    await this.#closed.promise;
  }

  giveUp(): Promise<void> {
    if (!this.#isEnding) this.#conversation.giveUp(new ServerError("SERVER_STOPPED"));
    this.#close("restart");
    return this.#closed.promise;
  }

  #listen(): void {
    const { socket, stream, open } = this.#options;
    open.add(this);
    // Before ws reads the same bytes.
    stream.prependListener("data", (chunk: Buffer) => this.#onBytes(chunk.length));
    stream.on("data", () => this.#afterBytes());
    socket.on("message", (data: Buffer, isBinary) => this.#onMessage(data, isBinary));
    socket.on("ping", ({ length }) => this.#onControlFrame(length));
    socket.on("pong", ({ length }) => this.#onControlFrame(length));
    // What a peer did wrong is told by the close code.
    socket.on("error", (error) => this.#log().debug({ reason: error.message }, "websocket failed"));
    socket.once("close", (code) => this.#onClose(code));
  }

  #begin({ caller, credentials }: Known): void {
    clearTimeout(this.#hurry);
    this.#identity.know(caller, credentials);
    this.#options.onKnown(caller);
    this.#log().debug({ client: caller.client.name, client_ip: this.#options.origin.address }, "websocket opened");
  }

  #onBytes(count: number): void {
    this.#missed = 0;
    if (!this.#incoming.add(count, this.#identity.caller?.client.id)) this.#close("overload");
  }

  /** A stranger has one short message; what comes behind it is its own only then. */
  #afterBytes(): void {
    if (this.#identity.caller === undefined && this.#incoming.count > longestAuthentication) this.#close("tooLarge");
  }

  #onControlFrame(length: number): void {
    this.#controlFrames += 1;
    this.#incoming.withoutControlFrame(length);
    if (this.#controlFrames > mostControlFrames) this.#close("floodOfControlFrames");
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    this.#incoming.complete();
    if (this.#isEnding) return;
    if (isBinary) return void this.#close("binaryFrame");
    this.#messages += 1;
    const text = data.toString();
    if (this.#isIntroducing) return void this.#waiting.push(text);
    if (this.#identity.caller === undefined) {
      return void (data.length > longestAuthentication ? this.#close("tooLarge") : this.#introduce(text));
    }
    if (this.#waiting.length === 0 && !this.#conversation.isFull) return void this.#take(text);
    this.#waiting.push(text);
    this.#options.socket.pause();
  }

  /** Takes what had to wait, as far as there is room now, and reads on when nothing waits any more. */
  #goOn(): void {
    const { socket } = this.#options;
    while (this.#waiting.length > 0 && !this.#isEnding && !this.#conversation.isFull) {
      this.#take(this.#waiting.shift() ?? "");
    }
    if (this.#waiting.length === 0 && socket.isPaused) socket.resume();
  }

  #take(text: string): void {
    const caller = this.#callerNow();
    if (caller === undefined) return;
    const { origin, logFor } = this.#options;
    const requestId = `${origin.requestId}.${this.#messages - this.#waiting.length}`;
    const speaker = { caller, origin: { ...origin, requestId }, log: () => logFor(requestId) };
    const release = this.#incoming.release();
    const answered = this.#conversation.take(text, speaker);
    if (release !== undefined) void answered.finally(release);
  }

  /** Undefined when the key counts no longer: that ends the connection. */
  #callerNow(): Caller | undefined {
    try {
      return this.#identity.current();
    } catch {
      this.#close("unauthenticated");
      return undefined;
    }
  }

  #introduce(text: string): void {
    let introduction: Introduction = { id: undefined, method: undefined, credentials: {} };
    const refuse = (thrown: unknown): void => {
      const error = toServerError(thrown);
      this.#conversation.refuse(error, introduction.id, introduction.method, this.#options.origin);
      this.#close(reasonFor(error));
    };
    try {
      introduction = readIntroduction(text);
      const found = this.#identity.find(introduction.credentials);
      if (found instanceof Promise) void this.#await(found, introduction).catch(refuse);
      else this.#admit(found, introduction);
    } catch (thrown) {
      refuse(thrown);
    }
  }

  /** What comes while a token is checked waits. */
  async #await(found: Promise<Caller>, introduction: Introduction): Promise<void> {
    this.#isIntroducing = true;
    this.#options.socket.pause();
    const caller = await found.finally(() => {
      this.#isIntroducing = false;
    });
    if (this.#isEnding) return;
    this.#admit(caller, introduction);
    this.#goOn();
  }

  #admit(caller: Caller, { id, credentials }: Introduction): void {
    const { open, stream } = this.#options;
    open.admit(caller.client.id, stream);
    this.#begin({ caller, credentials });
    this.#send(JSON.stringify({ jsonrpc: "2.0", id, result: welcome(caller) }));
  }

  async #dispatch(...[message, exchange]: Parameters<Dispatcher["dispatch"]>): Promise<Answer | undefined> {
    const isIntroduction = message.kind === "request" && message.method === authenticateMethod;
    return isIntroduction
      ? this.#introduceAgain(message, exchange.origin)
      : this.#options.dispatcher.dispatch(message, exchange);
  }

  /** Clients that always begin with their key, whoever has shown one for them, are answered. */
  async #introduceAgain({ id, method, params }: RequestMessage, { requestId }: Origin): Promise<Answer> {
    try {
      const caller = await this.#identity.confirm(credentialsIn(params));
      return { message: { jsonrpc: "2.0", id, result: welcome(caller) }, status: 200 };
    } catch (error) {
      const context = { requestId, now: this.#options.clock() };
      return failureOf(toServerError(error), { id, method, era: undefined }, context);
    }
  }

  #send(text: string): boolean {
    const { socket } = this.#options;
    if (socket.readyState !== socket.OPEN) return false;
    this.#hold();
    socket.send(text);
    if (socket.bufferedAmount > mostHeld) this.#release();
    if (socket.bufferedAmount <= mostUnread) return true;
    this.#cut("its peer does not read");
    return false;
  }

  /** Writes what is sent in this turn of the event loop in one piece. */
  #hold(): void {
    if (this.#isHeld) return;
    const { stream, turnEnd } = this.#options;
    this.#isHeld = true;
    stream.cork();
    turnEnd.leave(() => this.#release());
  }

  #release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#options.stream.uncork();
  }

  #cut(reason: string): void {
    this.#log().debug({ reason }, "websocket cut");
    this.#options.socket.terminate();
  }

  #close(why: CloseReason): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const { code, reason } = closeCodes[why];
    // Paused, it would not see the client's part of the goodbye.
    this.#options.socket.resume();
    this.#options.socket.close(code, reason);
  }

  #onClose(code: number): void {
    const { open, clock } = this.#options;
    this.#isEnding = true;
    clearTimeout(this.#hurry);
    this.#waiting = [];
    this.#incoming.release()?.();
    this.#conversation.end();
    open.remove(this);
    this.#closed.resolve();
    const details = { code, messages: this.#messages, ms: clock() - this.#startedAt };
    this.#log().debug({ client: this.#identity.caller?.client.name, ...details }, "websocket closed");
  }

  #log(): RequestLogger {
    return this.#options.logFor(this.#options.origin.requestId);
  }
}

function welcome({ client }: Caller): object {
  return { client: client.name };
}

function reasonFor({ code, details }: ServerError): CloseReason {
  if (code === "ADDRESS_BANNED") return "rateLimited";
  if (code === "AUTHORIZATION_SERVER_UNAVAILABLE") return "overload";
  if (code !== "RATE_LIMIT_EXCEEDED") return "unauthenticated";
  return details.limit === undefined ? "overload" : "rateLimited";
}
