import { ServerError, toServerError } from "../../contract/errors.ts";
import type { Client } from "../access/client.ts";
import { InputRequired } from "../features/interaction.ts";
import { type Answer, failureOf } from "./answer.ts";
import { type Cancellations, logCancellation } from "./cancellations.ts";
import type { Catalogue } from "./catalogue.ts";
import { channelNameOf } from "./channel/capability.ts";
import type { Channels } from "./channel/channels.ts";
import { hearNotification, overhearRequest } from "./channel/overheard.ts";
import type { SessionNames } from "./channel/session-names.ts";
import type { ClientRequests } from "./client-requests.ts";
import type { Era, Terms } from "./eras/era.ts";
import { handshake } from "./eras/handshake.ts";
import { metaKeys, metaOf, ofServer, stateless, unsupportedVersion } from "./eras/stateless.ts";
import type { Exchange } from "./exchange.ts";
import { ClientInteraction } from "./interaction.ts";
import type { Listens } from "./listens.ts";
import type { LogLevels } from "./log-levels.ts";
import type { Message, MessageId, NotificationMessage, RequestMessage, ResponseMessage } from "./message.ts";
import type { Method, MethodContext } from "./method.ts";
import { methodsOf } from "./methods/registry.ts";
import type { RequestStates } from "./request-state.ts";
import type { ServerFacts, ServerInfo } from "./server-info.ts";
import type { SessionNotice, SessionNotices } from "./session-notices.ts";
import type { Subscriptions } from "./subscriptions.ts";
import type { SharedTasks } from "./tasks/shared-tasks.ts";
import type { Task } from "./tasks/task.ts";
import type { Tasks } from "./tasks/tasks.ts";
import { isHandshakeVersion, isStatelessVersion } from "./versions.ts";

export type DispatcherOptions = {
  readonly server: ServerFacts;
  readonly catalogueOf: (client: Client) => Catalogue;
  readonly clientRequests: ClientRequests;
  readonly requestStates: RequestStates;
  readonly logLevels: LogLevels;
  readonly subscriptions: Subscriptions;
  readonly cancellations: Cancellations;
  readonly notices: SessionNotices;
  readonly names: SessionNames;
  readonly channels: Channels;
  readonly tasks: Tasks;
  readonly sharedTasks: SharedTasks;
  readonly listens: Listens;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
};

export type Dispatcher = {
  /** Handles one message of a client; undefined when it gets no answer. Never rejects. */
  dispatch(message: Message, exchange: Exchange): Promise<Answer | undefined>;
  /** Of the server whose messages these are. */
  readonly info: ServerInfo;
};

/** A request, and what is known of it before its method answers. */
type Call = {
  readonly message: RequestMessage;
  readonly exchange: Exchange;
  readonly era: Era;
  readonly terms: Terms;
  readonly method: Method;
  readonly interaction: ClientInteraction;
};

/** What every message means, whichever transport it came by. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { server, clientRequests, clock } = options;
  const methods = {
    handshake: methodsOf("handshake", server.methods),
    stateless: methodsOf("stateless", server.methods),
  };
  const failure = (thrown: unknown, message: Message, era: Era | undefined, { origin, log }: Exchange): Answer => {
    const error = toServerError(thrown);
    if (error.code === "INTERNAL_ERROR") log.error({ err: error.cause ?? error }, "request failed");
    const { id, method } = subjectOf(message);
    return failureOf(error, { id, method, era }, { requestId: origin.requestId, now: clock(), info: server.info });
  };

  const answer = async (message: RequestMessage, exchange: Exchange): Promise<Answer | undefined> => {
    let era: Era | undefined;
    try {
      era = eraOf(message, exchange);
      const terms = era.termsOf(message, exchange);
      const method = methodFor(message, exchange, methods[era.name], terms);
      overhearRequest(message, exchange, options);
      const interaction = new ClientInteraction({ message, exchange, era: era.name, terms, ...options });
      const answered = complete({ message, exchange, era, terms, method, interaction });
      const { detached } = interaction;
      return await (detached === undefined ? answered : Promise.race([answered, asTask(detached, answered, message)]));
    } catch (thrown) {
      return failure(thrown, message, era, exchange);
    }
  };

  const complete = async ({
    message,
    exchange,
    era,
    terms,
    method,
    interaction,
  }: Call): Promise<Answer | undefined> => {
    try {
      const result = await method.answer(message.params, contextOf(message, exchange, terms, interaction, options));
      await interaction.finish();
      if (interaction.isCancelled) return undefined;
      return { message: { jsonrpc: "2.0", id: message.id, result: era.dress(result, method, server) }, status: 200 };
    } catch (thrown) {
      await interaction.finish();
      if (interaction.isCancelled) return undefined;
      if (thrown instanceof InputRequired) return inputRequired(thrown, message, exchange, options);
      return failure(thrown, message, era, exchange);
    }
  };

  return {
    info: server.info,
    async dispatch(message, exchange) {
      switch (message.kind) {
        case "request":
          return answer(message, exchange);
        case "malformed":
          return failure(message.error, message, eraToldTo(exchange), exchange);
        case "response":
        case "notification":
          return take(message, exchange).catch((error) => failure(error, message, eraToldTo(exchange), exchange));
      }
    },
  };

  /** Acts on what gets no answer. */
  async function take(message: ResponseMessage | NotificationMessage, exchange: Exchange): Promise<undefined> {
    const { session, caller, log, declaredVersion = "" } = exchange;
    if (session === undefined) {
      if (!isStatelessVersion(declaredVersion)) throw new ServerError("SESSION_REQUIRED");
      return;
    }
    await hearNotification(message, exchange, options);
    const { id: clientId } = caller.client;
    const isAnswered = message.kind === "response" && clientRequests.settle(message, clientId);
    const notice = isAnswered ? undefined : noticeOf(message, clientId);
    if (notice?.kind === "cancel" && message.kind === "notification") logCancellation(message.params, log);
    // Another process may have asked, or be at work on what is cancelled.
    if (notice !== undefined) await options.notices.tell(session, notice);
  }
}

/** What other processes should know of a message that gets no answer. */
function noticeOf(message: ResponseMessage | NotificationMessage, clientId: string): SessionNotice | undefined {
  if (message.kind === "response") return { ...message, clientId };
  const { requestId } = message.params;
  const isId = typeof requestId === "string" || typeof requestId === "number";
  return message.method === "notifications/cancelled" && isId ? { kind: "cancel", id: requestId } : undefined;
}

/** What an answer to a message needs of it. */
export function subjectOf(message: Message): { id: MessageId | undefined; method: string | undefined } {
  return {
    id: message.kind === "request" || message.kind === "malformed" ? message.id : undefined,
    method: message.kind === "request" ? message.method : undefined,
  };
}

/** Whether a message tells its own terms, so that it is of no session. */
export function isStateless(message: Message, declaredVersion: string | undefined): boolean {
  const told = message.kind === "request" || message.kind === "notification" ? metaOf(message.params) : {};
  return told[metaKeys.version] !== undefined || isStatelessVersion(declaredVersion ?? "");
}

/** Claude Code makes no channel of a server that it talks to without `initialize`: one that is to be a channel does not offer that. */
function isHidden({ method }: RequestMessage, { session, sessionName, caller }: Exchange): boolean {
  return (
    method === "server/discover" && session === undefined && channelNameOf(sessionName, caller.client) !== undefined
  );
}

/** Throws METHOD_NOT_FOUND. */
function methodFor(
  message: RequestMessage,
  exchange: Exchange,
  methods: ReadonlyMap<string, Method>,
  { version }: Terms,
): Method {
  const method = isHidden(message, exchange) ? undefined : methods.get(message.method);
  if (method !== undefined) return method;
  throw new ServerError("METHOD_NOT_FOUND", { method: message.method.slice(0, 64), version });
}

/** The era of what cannot tell it: the transport may have been told. */
function eraToldTo({ declaredVersion = "" }: Exchange): Era | undefined {
  return isStatelessVersion(declaredVersion) ? stateless : undefined;
}

/** A request that tells its own terms is of 2026-07-28 or later; what comes in a session, or begins one, is of before. */
function eraOf(message: RequestMessage, { session, declaredVersion = "" }: Exchange): Era {
  if (isStateless(message, declaredVersion)) return stateless;
  const { method } = message;
  if (method === "initialize") return handshake;
  if (declaredVersion !== "" && !isHandshakeVersion(declaredVersion)) throw unsupportedVersion(declaredVersion);
  return session === undefined && method === "server/discover" ? stateless : handshake;
}

function contextOf(
  { id }: RequestMessage,
  exchange: Exchange,
  terms: Terms,
  interaction: ClientInteraction,
  options: DispatcherOptions,
): MethodContext {
  const { server, catalogueOf, subscriptions, listens, notices, sharedTasks } = options;
  const { caller, origin, log, session, sessionName, begin } = exchange;
  const catalogue = catalogueOf(caller.client);
  const send = (message: object) => exchange.send(message);
  const stay = () => exchange.stay?.();
  const channelName = () => channelNameOf(sessionName, caller.client);
  const own = { server, catalogue, interaction, subscriptions, listens, notices, sharedTasks };
  return { id, caller, origin, log, session, begin, send, stay, channelName, ...terms, ...own };
}

/** The answer to a call that becomes a task; what the call comes to then is told by the task. */
async function asTask(
  detached: Promise<Task>,
  answered: Promise<Answer | undefined>,
  { id }: RequestMessage,
): Promise<Answer> {
  const task = await detached;
  answered.then((answer) => task.settle(answer?.message ?? {}));
  return { message: { jsonrpc: "2.0", id, result: { resultType: "task", ...task.summary() } }, status: 200 };
}

/** MCP 2026-07-28, Multi Round-Trip Requests. */
function inputRequired(
  { requests, state, answered }: InputRequired,
  message: RequestMessage,
  { caller }: Exchange,
  { requestStates, server }: DispatcherOptions,
): Answer {
  const isStateful = state !== undefined || Object.keys(answered).length > 0;
  const result = {
    resultType: "input_required",
    ...(Object.keys(requests).length > 0 && { inputRequests: requests }),
    ...(isStateful && { requestState: requestStates.give({ state, answered }, message, caller.client.id) }),
    _meta: ofServer(server.info),
  };
  return { message: { jsonrpc: "2.0", id: message.id, result }, status: 200 };
}
