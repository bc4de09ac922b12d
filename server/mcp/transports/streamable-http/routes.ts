import type { Socket } from "node:net";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ServerError } from "../../../../contract/errors.ts";
import { routes } from "../../../../contract/routes.ts";
import type { Caller, Origin } from "../../../access/access.ts";
import type { Client } from "../../../access/client.ts";
import { parseJson } from "../../../json/parse-json.ts";
import { type Answer, failureOf } from "../../answer.ts";
import { batchProblem, beginningInBatch } from "../../batches.ts";
import type { Catalogue } from "../../catalogue.ts";
import type { Channels } from "../../channel/channels.ts";
import { type Dispatcher, isStateless, subjectOf } from "../../dispatcher.ts";
import { stateless, unsupportedVersion } from "../../eras/stateless.ts";
import { type Message, readMessage } from "../../message.ts";
import type { Session } from "../../session.ts";
import type { SessionIds } from "../../session-id.ts";
import type { SessionNotices } from "../../session-notices.ts";
import { isHandshakeVersion } from "../../versions.ts";
import { EventStream } from "./event-stream.ts";
import { HttpExchange, requireAcceptable, sessionHeader } from "./http-exchange.ts";
import type { ListeningStreams } from "./listening-streams.ts";
import { type Accepted, acceptedIn } from "./media-types.ts";
import { isOfListening, type ResumableStreams } from "./resumable-streams.ts";
import type { SharedStreams } from "./shared-streams.ts";
import type { StreamConnection } from "./stream-connection.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Why the message is not answered; told once its id is known. */
    refusal: ServerError | undefined;
  }
}

export type StreamableHttpOptions = {
  readonly dispatcher: Dispatcher;
  readonly sessions: SessionIds;
  readonly streams: ListeningStreams;
  /** Counts a connection no longer: listening streams have limits of their own. */
  readonly handOver: (socket: Socket) => void;
  readonly notices: SessionNotices;
  readonly channels: Channels;
  /** Whose stream a request has become, as often as it is asked; undefined when its key counts no longer. */
  readonly clientNow: (request: FastifyRequest) => () => Client | undefined;
  readonly resumable: ResumableStreams;
  readonly sharedStreams: SharedStreams;
  readonly catalogueOf: (caller: Caller["client"]) => Catalogue;
  /** Who calls, and where from: known before the body is read. */
  readonly callerOf: (request: FastifyRequest) => { readonly caller: Caller; readonly origin: Origin };
  /** The `WWW-Authenticate` of a refusal. */
  readonly challengeOf: (error: ServerError) => string | undefined;
  /** Counts one more message of a batch; the error when the client is over its limit. */
  readonly count: (request: FastifyRequest, reply: FastifyReply) => ServerError | undefined;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
};

/** MCP over streamable HTTP, both eras: bytes in, messages out. */
export function streamableHttp(app: FastifyInstance, options: StreamableHttpOptions): void {
  app.post(routes.mcp, (request, reply) => post(request, reply, options));
  // A HEAD would open a stream that nobody can read.
  app.get(routes.mcp, { exposeHeadRoute: false }, (request, reply) => listen(request, reply, options));
  app.delete(routes.mcp, async (request, reply) => {
    if (request.refusal !== undefined) throw request.refusal;
    const session = requiredSession(request, options);
    await options.notices.tell(session, { kind: "end" });
    void options.channels.leave(session, options.callerOf(request).caller.client);
    return reply.code(204).send();
  });
}

async function post(
  request: FastifyRequest,
  reply: FastifyReply,
  options: StreamableHttpOptions,
): Promise<FastifyReply> {
  const accepted = acceptedIn(request.headers.accept);
  requireAcceptable(accepted);
  const { value, problem } = parseJson(String(request.body ?? ""));
  if (problem !== undefined) request.refusal = unusable(problem);
  if (Array.isArray(value)) return answerBatch(value, request, reply, options);
  const message = readMessage(value);
  if (request.refusal !== undefined) return refuse(request.refusal, message, request, reply, options);
  const session = sessionFor(message, request, options);
  if (session instanceof ServerError) return refuse(session, message, request, reply, options);
  const exchange = exchangeOf(session, { request, reply, accepted }, options);
  return exchange.finish(await options.dispatcher.dispatch(message, exchange));
}

function unusable(problem: string): ServerError {
  return new ServerError("VALIDATION_ERROR", { problems: `the message is refused: ${problem}` });
}

function refuse(
  error: ServerError,
  message: Message,
  request: FastifyRequest,
  reply: FastifyReply,
  options: StreamableHttpOptions,
): FastifyReply {
  const answer = refused(error, message, request, options);
  if (answer === undefined) return reply.code(202).send();
  const { retry_after } = error.details;
  if (typeof retry_after === "number") reply.header("retry-after", String(Math.ceil(retry_after)));
  return reply.code(answer.status).type("application/json").send(JSON.stringify(answer.message));
}

type Post = { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly accepted: Accepted };

function exchangeOf(session: Session | undefined, post: Post, options: StreamableHttpOptions): HttpExchange {
  const { caller, origin } = options.callerOf(post.request);
  return new HttpExchange({
    ...post,
    caller,
    origin,
    session,
    resumable: options.resumable,
    handOver: options.handOver,
    challengeOf: options.challengeOf,
    beginSession: (agreed) => options.sessions.begin(caller.client, agreed),
    toolNamed: (name) =>
      options
        .catalogueOf(caller.client)
        .tools()
        .find((tool) => tool.name === name),
  });
}

/** The answer to a message that is not looked at. A notification is dropped: nobody would read why. */
function refused(
  error: ServerError,
  message: Message,
  request: FastifyRequest,
  { clock, dispatcher: { info } }: StreamableHttpOptions,
): Answer | undefined {
  const isDropped = error.entry.retryable && (message.kind === "notification" || message.kind === "response");
  if (isDropped) return undefined;
  const era = isStateless(message, headerOf(request, "mcp-protocol-version")) ? stateless : undefined;
  return failureOf(error, { ...subjectOf(message), era }, { requestId: request.id, now: clock(), info });
}

/** The session that a message belongs to: none for what begins one, or is of a revision without sessions. */
function sessionFor(
  message: Message,
  request: FastifyRequest,
  options: StreamableHttpOptions,
): Session | undefined | ServerError {
  const isBeginning = message.kind === "request" && message.method === "initialize";
  if (isBeginning || isStateless(message, headerOf(request, "mcp-protocol-version"))) return undefined;
  return shownSession(request, options);
}

/** The session of the id that a request shows; undefined when it shows none. */
function shownSession(
  request: FastifyRequest,
  { sessions, callerOf }: StreamableHttpOptions,
): Session | undefined | ServerError {
  const id = headerOf(request, sessionHeader);
  if (id === undefined) return undefined;
  const version = headerOf(request, "mcp-protocol-version");
  if (version !== undefined && !isHandshakeVersion(version)) return unsupportedVersion(version);
  return sessions.find(id, callerOf(request).caller.client) ?? new ServerError("SESSION_NOT_FOUND");
}

function requiredSession(request: FastifyRequest, options: StreamableHttpOptions): Session {
  const session = shownSession(request, options);
  if (session instanceof ServerError) throw session;
  if (session === undefined) throw new ServerError("SESSION_REQUIRED");
  return session;
}

function headerOf({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : undefined;
}

/** The stream on which a session hears of what it has not asked for (MCP 2025-11-25, Listening for Messages). */
async function listen(
  request: FastifyRequest,
  reply: FastifyReply,
  options: StreamableHttpOptions,
): Promise<FastifyReply> {
  const { client } = options.callerOf(request).caller;
  if (request.refusal !== undefined) throw request.refusal;
  const session = requiredSession(request, options);
  if (!acceptedIn(request.headers.accept).stream)
    throw new ServerError("NOT_ACCEPTABLE", { type: "text/event-stream" });
  const lastEventId = headerOf(request, "last-event-id");
  if (lastEventId !== undefined && !isOfListening(lastEventId)) return resume(lastEventId, session, reply, options);
  const { streams, resumable, sharedStreams } = options;
  const rest = lastEventId === undefined ? undefined : await sharedStreams.after(lastEventId, session.key);
  // The connection is one stream from now on, and ends with it.
  reply.header("connection", "close");
  const stream = streams.open(client, reply);
  options.handOver(request.socket);
  const begin = () => streams.begin(session, stream, resumable);
  if (rest === undefined) begin();
  else rest.goOn(rest.isHere ? stream : endingWith(begin, stream));
  connectChannel(session, stream, request, options);
  // What the session has subscribed to, another process may know.
  options.notices
    .recall(session)
    .catch((error: unknown) => request.log.warn({ err: error }, "a session is not up to date"));
  return reply;
}

/** What people say to a session goes to its connection alone: nothing of it is kept for a client that comes back. */
function connectChannel(
  session: Session,
  stream: EventStream,
  request: FastifyRequest,
  { channels, clientNow }: StreamableHttpOptions,
): void {
  // Nobody comes back for events before the client was ready.
  if (session.channel !== undefined && headerOf(request, "last-event-id") !== undefined) channels.ready(session.key);
  channels.connect(session, {
    send: (message) => stream.send(JSON.stringify(message)),
    onClose: (listener) => stream.onClose(listener),
    client: clientNow(request),
  });
}

/** A connection that goes on with something else where another process has no more for it. */
function endingWith(end: () => void, stream: EventStream): StreamConnection {
  return {
    send: (message, id) => void stream.send(message, id),
    prime: (id, retryMs) => stream.prime(id, retryMs),
    onClose: (listener) => stream.onClose(listener),
    end,
  };
}

/** The rest of an answer that a client has lost the connection to. */
async function resume(
  lastEventId: string,
  session: Session,
  reply: FastifyReply,
  { sharedStreams }: StreamableHttpOptions,
): Promise<FastifyReply> {
  const rest = await sharedStreams.after(lastEventId, session.key);
  if (rest === undefined) {
    throw new ServerError("INVALID_REQUEST", {
      reason: "nothing after this Last-Event-ID is kept; send the request again",
    });
  }
  reply.hijack();
  rest.goOn(new EventStream(reply.raw, reply.getHeaders()));
  return reply;
}

/** Answers each message of a batch (MCP 2025-03-26); each counts as a call. */
async function answerBatch(
  values: readonly unknown[],
  request: FastifyRequest,
  reply: FastifyReply,
  options: StreamableHttpOptions,
): Promise<FastifyReply> {
  const session = shownSession(request, options);
  if (session instanceof ServerError) throw session;
  const problem = batchProblem(values, session);
  if (problem !== undefined) throw new ServerError("INVALID_REQUEST", { reason: problem });
  const refusals = values.map((_value, index) => (index === 0 ? request.refusal : options.count(request, reply)));
  // What would come before an answer has no place in a batch.
  const exchange = exchangeOf(session, { request, reply, accepted: { json: true, stream: false } }, options);
  const answers = await Promise.all(
    values.map((value, index) => {
      const message = readMessage(value);
      const refusal = refusals[index] ?? beginningInBatch(message);
      return refusal ? refused(refusal, message, request, options) : options.dispatcher.dispatch(message, exchange);
    }),
  );
  const bodies = answers.filter((answer) => answer !== undefined).map(({ message }) => message);
  if (bodies.length === 0) return reply.code(202).send();
  return reply.type("application/json").send(JSON.stringify(bodies));
}
