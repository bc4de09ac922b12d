import type { Socket } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ServerError } from "../../../../contract/errors.ts";
import type { Caller, Origin } from "../../../access/access.ts";
import type { ListedTool } from "../../../tools/tool-listing.ts";
import type { Answer } from "../../answer.ts";
import type { Exchange } from "../../exchange.ts";
import type { RequestMessage } from "../../message.ts";
import type { RequestLogger } from "../../method.ts";
import type { Agreed, Session } from "../../session.ts";
import { EventStream } from "./event-stream.ts";
import type { Accepted } from "./media-types.ts";
import { verifyMirrors } from "./mirrored-headers.ts";
import type { ResumableStream } from "./resumable-stream.ts";
import { isResumable, type ResumableStreams } from "./resumable-streams.ts";
import { sessionNameIn } from "./session-name.ts";

export type HttpExchangeOptions = {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly caller: Caller;
  readonly origin: Origin;
  readonly accepted: Accepted;
  readonly session: Session | undefined;
  readonly resumable: ResumableStreams;
  /** Counts a connection no longer. */
  readonly handOver: (socket: Socket) => void;
  readonly beginSession: (agreed: Agreed) => Session;
  /** The `WWW-Authenticate` of a refusal. */
  readonly challengeOf: (error: ServerError) => string | undefined;
  readonly toolNamed: (name: string) => ListedTool | undefined;
};

export const sessionHeader = "mcp-session-id";

/**
 * One POST: its answer is a JSON object, or a stream of events as soon as there is anything to tell before the answer and
 * the client takes streams.
 */
export class HttpExchange implements Exchange {
  readonly #options: HttpExchangeOptions;
  #stream: EventStream | undefined;
  /** What the client may come back for; undefined as long as there is no stream, and for revisions without this. */
  #resumable: ResumableStream | undefined;
  #gone: AbortController | undefined;

  constructor(options: HttpExchangeOptions) {
    this.#options = options;
  }

  readonly isConnection = false;

  get caller(): Caller {
    return this.#options.caller;
  }

  get origin(): Origin {
    return this.#options.origin;
  }

  get log(): RequestLogger {
    return this.#options.request.log;
  }

  get session(): Session | undefined {
    return this.#options.session;
  }

  get declaredVersion(): string | undefined {
    const version = this.#options.request.headers["mcp-protocol-version"];
    return typeof version === "string" ? version : undefined;
  }

  get sessionName(): string | undefined {
    return sessionNameIn(this.#options.request);
  }

  readonly begin = (agreed: Agreed): void => {
    const { reply, beginSession } = this.#options;
    reply.header(sessionHeader, beginSession(agreed).id);
  };

  verify(message: RequestMessage): void {
    verifyMirrors(message, this.#options.request.headers, this.#options.toolNamed);
  }

  send(message: object): boolean {
    if (this.#stream === undefined && !this.#options.accepted.stream) return false;
    return this.#write(JSON.stringify(message));
  }

  stay(): void {
    const { reply, request, handOver } = this.#options;
    // The connection ends with this request: nothing else comes on one that is not counted.
    reply.header("connection", "close");
    handOver(request.socket);
  }

  /** A stream has a comment every now and then. */
  hold(): void {
    if (this.#options.accepted.stream) this.#begin();
  }

  pause(): void {
    const { accepted, session } = this.#options;
    if (!accepted.stream || session === undefined || !isResumable(session)) return;
    this.#begin();
    this.#resumable?.pause();
  }

  /** In a session a cut connection cancels nothing: the client says so when it means that (MCP 2025-11-25, Transports). */
  get signal(): AbortSignal {
    if (this.#gone === undefined) {
      const gone = new AbortController();
      if (this.#options.session === undefined) this.#options.reply.raw.once("close", () => gone.abort());
      this.#gone = gone;
    }
    return this.#gone.signal;
  }

  /** Sends the answer and ends. */
  finish(answer: Answer | undefined): FastifyReply {
    const { reply, accepted, challengeOf } = this.#options;
    if (this.#stream === undefined && answer === undefined) return reply.code(202).send();
    const text = JSON.stringify(answer?.message);
    if (this.#stream === undefined && (accepted.json || answer?.status !== 200)) {
      const challenge = answer?.challenged && challengeOf(answer.challenged);
      if (challenge !== undefined) reply.header("www-authenticate", challenge);
      return reply
        .code(answer?.status ?? 200)
        .type("application/json")
        .send(text);
    }
    // An answer that comes in one piece is lost with its connection, as JSON would be.
    this.#stream ??= this.#open();
    if (text !== undefined) this.#write(text);
    if (this.#resumable === undefined) this.#stream.end();
    else this.#resumable.finish();
    return reply;
  }

  #write(message: string): boolean {
    const stream = this.#begin();
    if (this.#resumable === undefined) return stream.send(message);
    this.#resumable.send(message);
    return true;
  }

  #begin(): EventStream {
    if (this.#stream !== undefined) return this.#stream;
    this.#stream = this.#open();
    const { session, resumable } = this.#options;
    if (session !== undefined && isResumable(session)) {
      this.#resumable = resumable.begin(session.key, this.#stream);
    }
    return this.#stream;
  }

  #open(): EventStream {
    const { reply } = this.#options;
    reply.hijack();
    return new EventStream(reply.raw, reply.getHeaders());
  }
}

/** Throws NOT_ACCEPTABLE for a client that takes nothing that is here. */
export function requireAcceptable({ json, stream }: Accepted): void {
  if (!json && !stream) {
    throw new ServerError("NOT_ACCEPTABLE", { type: "application/json or text/event-stream" });
  }
}
