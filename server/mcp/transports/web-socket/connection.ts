import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { ServerError, toServerError } from "../../../../contract/errors.ts";
import { bodyLimit } from "../../../../contract/limits.ts";
import type { Caller, Origin } from "../../../access/access.ts";
import type { ByteBudget } from "../../../access/byte-budget.ts";
import { type Answer, failureOf } from "../../answer.ts";
import type { Speaker } from "../../connection-exchange.ts";
import { Conversation } from "../../conversation.ts";
import type { Dispatcher } from "../../dispatcher.ts";
import type { MessageId, RequestMessage } from "../../message.ts";
import type { RequestLogger } from "../../method.ts";
import { authenticateMethod, keyIn, longestAuthentication, readIntroduction } from "./authenticate.ts";
import { type CloseReason, closeCodes } from "./close-codes.ts";
import type { OpenWebSocket, OpenWebSockets } from "./open-web-sockets.ts";

export type Credentials = { readonly apiKey?: string | undefined; readonly authorization?: string | undefined };

/** Who a client turned out to be, and by what; the key is shown again to find out whether it still counts. */
export type Known = { readonly caller: Caller; readonly credentials: Credentials };

export type ConnectionOptions = {
  readonly socket: WebSocket;
  /** What the WebSocket reads from. */
  readonly stream: Duplex;
  /** Of the request that became this connection. */
  readonly origin: Origin;
  readonly dispatcher: Dispatcher;
  readonly open: OpenWebSockets;
  readonly bytes: ByteBudget;
  /** Throws AUTHENTICATION_ERROR, or RATE_LIMIT_EXCEEDED for too many wrong keys. */
  readonly authenticate: (credentials: Credentials, origin: Origin) => Caller;
  /** Is told when a stranger has shown a right key. */
  readonly onKnown: (caller: Caller) => void;
  readonly logFor: (requestId: string) => RequestLogger;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  readonly newId: () => string;
};

/** What a client that does not read may leave unread, in bytes; then it is cut off. */
const mostUnread = 1024 * 1024;

/** A message larger than this takes from the budget of its client while it comes in and is answered, in bytes. */
const accountedFrom = 16 * 1024;

/** Milliseconds in which a stranger has to show its key. */
const authenticationMs = 10_000;

/** Milliseconds for which it is believed that a key still counts. */
const recheckMs = 1_000;

/** Pings and pongs of a client between two of our pings. */
const mostControlFrames = 300;

/** Bytes of a control frame beside its data (RFC 6455, 5.2). */
const controlFrameHead = 6;

/** Our pings that may stay without an answer. */
const mostMissed = 2;

/** One WebSocket: who is at its other end, and how much it may hold. What is said on it is the conversation's. */
export class WebSocketConnection implements OpenWebSocket {
  readonly #options: ConnectionOptions;
  readonly #conversation: Conversation;
  readonly #startedAt: number;
  #known: Known | undefined;
  #checkedAt = 0;
  #hurry: NodeJS.Timeout | undefined;
  #waiting: string[] = [];
  #incoming = 0;
  #reserved: (() => void) | undefined;
  #messages = 0;
  #missed = 0;
  #controlFrames = 0;
  #isEnding = false;

  constructor(options: ConnectionOptions, known: Known | undefined) {
    this.#options = options;
    const { dispatcher, clock, newId } = options;
    this.#startedAt = clock();
    this.#conversation = new Conversation({
      dispatcher: {
        dispatch: async (message, exchange) =>
          message.kind === "request" && message.method === authenticateMethod
            ? this.#authenticateAgain(message, exchange.origin)
            : dispatcher.dispatch(message, exchange),
      },
      send: (text) => this.#send(text),
      onRoom: () => this.#goOn(),
      clock,
      newId,
    });
    if (known === undefined)
      this.#hurry = setTimeout(() => this.#close("authenticationTimeout"), authenticationMs).unref();
    else this.#begin(known);
    this.#listen();
  }

  beat(): void {
    if (this.#isEnding) return;
    const { socket } = this.#options;
    this.#controlFrames = 0;
    // What we do not read ourselves we cannot hold against the peer.
    if (!socket.isPaused && this.#missed++ >= mostMissed) {
      this.#log().debug("websocket cut: its peer does not answer");
      return void socket.terminate();
    }
    if (this.#known !== undefined && !this.#stillCounts()) return;
    socket.ping();
  }

  async drain(): Promise<void> {
    const closed = this.#closed();
    await Promise.race([this.#conversation.drain(), closed]);
    this.#close("restart");
    await closed;
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

  #begin(known: Known): void {
    clearTimeout(this.#hurry);
    this.#known = known;
    this.#checkedAt = this.#options.clock();
    this.#options.onKnown(known.caller);
    this.#log().debug(
      { client: known.caller.client.name, client_ip: this.#options.origin.address },
      "websocket opened",
    );
  }

  #onBytes(count: number): void {
    this.#missed = 0;
    this.#incoming += count;
    if (this.#incoming <= accountedFrom || this.#reserved !== undefined || this.#known === undefined) return;
    this.#reserved = this.#options.bytes.take(this.#known.caller.client.id, bodyLimit);
    if (this.#reserved === undefined) this.#close("overload");
  }

  /** A stranger has one short message; what comes behind it is its own only then. */
  #afterBytes(): void {
    if (this.#known === undefined && this.#incoming > longestAuthentication) this.#close("tooLarge");
  }

  #onControlFrame(length: number): void {
    this.#controlFrames += 1;
    this.#incoming = Math.max(0, this.#incoming - length - controlFrameHead);
    if (this.#controlFrames > mostControlFrames) this.#close("floodOfControlFrames");
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    this.#incoming = 0;
    if (this.#isEnding) return;
    if (isBinary) return void this.#close("binaryFrame");
    this.#messages += 1;
    const text = data.toString();
    if (this.#known === undefined) return void this.#introduce(text);
    if (this.#waiting.length > 0 || this.#conversation.isFull) {
      this.#waiting.push(text);
      return void this.#options.socket.pause();
    }
    this.#take(text, this.#known);
  }

  /** Takes what had to wait, as far as there is room now. */
  #goOn(): void {
    if (this.#waiting.length === 0 || this.#isEnding || this.#known === undefined) return;
    while (this.#waiting.length > 0 && !this.#conversation.isFull) this.#take(this.#waiting.shift() ?? "", this.#known);
    if (this.#waiting.length === 0) this.#options.socket.resume();
  }

  #take(text: string, { caller }: Known): void {
    if (this.#isEnding || !this.#stillCounts()) return;
    const requestId = `${this.#options.origin.requestId}.${this.#messages}`;
    const speaker: Speaker = {
      caller: this.#known?.caller ?? caller,
      origin: { address: this.#options.origin.address, requestId },
      log: () => this.#options.logFor(requestId),
    };
    const release = this.#reserved;
    this.#reserved = undefined;
    void this.#conversation.take(text, speaker).finally(release);
  }

  /** A key that has ended or was taken back ends the connection, and other permissions count from the next message on. */
  #stillCounts(): boolean {
    const { clock, authenticate, origin } = this.#options;
    const known = this.#known;
    if (known === undefined || clock() - this.#checkedAt < recheckMs) return known !== undefined;
    this.#checkedAt = clock();
    try {
      this.#known = { ...known, caller: authenticate(known.credentials, origin) };
      return true;
    } catch {
      this.#close("unauthenticated");
      return false;
    }
  }

  #introduce(text: string): void {
    const { origin, authenticate, open, stream } = this.#options;
    let id: MessageId | undefined;
    let method: string | undefined;
    try {
      const introduction = readIntroduction(text);
      ({ id, method } = introduction);
      const credentials = { apiKey: introduction.apiKey };
      const caller = authenticate(credentials, origin);
      open.admit(caller.client.id, stream);
      this.#begin({ caller, credentials });
      this.#send(JSON.stringify({ jsonrpc: "2.0", id, result: welcome(this.#known) }));
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      this.#conversation.refuse(error, id, method, origin);
      this.#close(this.#reasonFor(error));
    }
  }

  #reasonFor({ code, details }: ServerError): CloseReason {
    if (code !== "RATE_LIMIT_EXCEEDED") return "unauthenticated";
    return details.limit === undefined ? "overload" : "rateLimited";
  }

  /** Clients that always begin with their key, whoever has shown one for them, are answered; with another one they are not. */
  #authenticateAgain({ id, method, params }: RequestMessage, origin: Origin): Answer {
    try {
      const { client } = this.#options.authenticate({ apiKey: keyIn(params) }, origin);
      if (client.id === this.#known?.caller.client.id) {
        return { message: { jsonrpc: "2.0", id, result: welcome(this.#known) }, status: 200 };
      }
      throw new ServerError("INVALID_REQUEST", { reason: "this connection belongs to another key" });
    } catch (error) {
      const context = { requestId: origin.requestId, now: this.#options.clock() };
      return failureOf(toServerError(error), { id, method, era: undefined }, context);
    }
  }

  #send(text: string): boolean {
    const { socket } = this.#options;
    if (socket.readyState !== socket.OPEN) return false;
    socket.send(text);
    if (socket.bufferedAmount <= mostUnread) return true;
    this.#log().debug("websocket cut: its peer does not read");
    socket.terminate();
    return false;
  }

  #close(why: CloseReason): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const { code, reason } = closeCodes[why];
    this.#options.socket.resume();
    this.#options.socket.close(code, reason);
  }

  #closed(): Promise<void> {
    const { socket } = this.#options;
    if (socket.readyState === socket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => socket.once("close", () => resolve()));
  }

  #onClose(code: number): void {
    const { open, clock } = this.#options;
    this.#isEnding = true;
    clearTimeout(this.#hurry);
    this.#waiting = [];
    this.#reserved?.();
    this.#conversation.end();
    open.remove(this);
    const details = { code, messages: this.#messages, ms: clock() - this.#startedAt };
    this.#log().debug({ client: this.#known?.caller.client.name, ...details }, "websocket closed");
  }

  #log(): RequestLogger {
    return this.#options.logFor(this.#options.origin.requestId);
  }
}

function welcome(known: Known | undefined): object {
  return { client: known?.caller.client.name };
}
