import { ServerError } from "../../contract/errors.ts";
import {
  type CallingSession,
  type InputRequest,
  type InputRequests,
  InputRequired,
  type InputResponses,
  type Interaction,
  type LogLevel,
  logLevels,
} from "../features/interaction.ts";
import type { Cancellations } from "./cancellations.ts";
import type { SessionNames } from "./channel/session-names.ts";
import type { ClientRequests } from "./client-requests.ts";
import type { Terms } from "./eras/era.ts";
import { metaKeys, metaOf } from "./eras/stateless.ts";
import type { Exchange } from "./exchange.ts";
import { FloodGate } from "./flood-gate.ts";
import type { LogLevels } from "./log-levels.ts";
import { isObject, type Params, type RequestMessage } from "./message.ts";
import type { EraName } from "./method.ts";
import type { RequestStates } from "./request-state.ts";
import type { ClientCapabilities } from "./session.ts";
import type { SessionNotices } from "./session-notices.ts";
import type { Task } from "./tasks/task.ts";
import { knowsTasks, requireTasks, type Tasks } from "./tasks/tasks.ts";

export type InteractionOptions = {
  readonly message: RequestMessage;
  readonly exchange: Exchange;
  readonly era: EraName;
  readonly terms: Terms;
  readonly clientRequests: ClientRequests;
  readonly requestStates: RequestStates;
  readonly logLevels: LogLevels;
  readonly cancellations: Cancellations;
  readonly names: SessionNames;
  readonly notices: SessionNotices;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  readonly tasks: Tasks;
};

/** How a method's handler talks with the client of its request. Nothing is done before the handler asks for it. */
export class ClientInteraction implements Interaction {
  readonly #options: InteractionOptions;
  #progress = Number.NEGATIVE_INFINITY;
  #earlier: ReturnType<RequestStates["take"]> | null = null;
  #answered: InputResponses = {};
  #task: Task | undefined;
  /** Resolves when the call becomes a task; undefined when it cannot. */
  readonly detached: Promise<Task> | undefined;
  #onDetached: (task: Task) => void = () => {};
  /** What waits to be sent, because it was not known at once whether the client wants it. */
  #waiting: Promise<void> | undefined;
  #signal: AbortSignal | undefined;
  #flood: FloodGate | undefined;
  #isFinished = false;

  constructor(options: InteractionOptions) {
    this.#options = options;
    const { era, terms, message } = options;
    if (era !== "stateless" || message.method !== "tools/call" || !knowsTasks(terms.capabilities)) return;
    this.detached = new Promise((resolve) => {
      this.#onDetached = resolve;
    });
  }

  detach(isRequired = false): boolean {
    const { tasks, exchange, terms } = this.#options;
    if (this.#task !== undefined) return true;
    if (this.detached === undefined) {
      if (isRequired) requireTasks(terms.capabilities);
      return false;
    }
    this.#task = tasks.create(exchange.caller.client.id);
    this.#onDetached(this.#task);
    return true;
  }

  progress(progress: number, total?: number, message?: string): void {
    const { progressToken } = metaOf(this.#options.message.params);
    const isToken = typeof progressToken === "string" || Number.isInteger(progressToken);
    // It must grow (MCP, Progress).
    if (!isToken || progress <= this.#progress) return;
    this.#progress = progress;
    this.#notify("notifications/progress", { progressToken, progress, total, message });
  }

  log(level: LogLevel, data: unknown): void {
    const least = this.#leastLevel();
    const notify = (known: LogLevel | undefined) => {
      if (known === undefined || logLevels.indexOf(level) < logLevels.indexOf(known)) return;
      this.#send("notifications/message", { level, logger: "cctelegram", data });
    };
    if (least instanceof Promise) this.#waiting = Promise.all([least, this.#waiting]).then(([known]) => notify(known));
    else this.#inTurn(() => notify(least));
  }

  /** Resolves when everything is sent that comes before the answer. The request is no longer under way. */
  async finish(): Promise<void> {
    const { exchange, message, cancellations } = this.#options;
    if (this.#signal !== undefined && exchange.session) cancellations.end(exchange.session.key, message.id);
    await this.#waiting;
    this.#isFinished = true;
  }

  /** The client has cancelled the request: it wants no answer. What becomes of a task is told by the task. */
  get isCancelled(): boolean {
    return this.#task === undefined && this.#signal?.aborted === true;
  }

  canAsk(request: InputRequest): boolean {
    return missingCapability(request, this.#options.terms.capabilities) === undefined;
  }

  async input(requests: InputRequests, state?: unknown): Promise<InputResponses> {
    const { era, terms, message } = this.#options;
    for (const request of Object.values(requests)) requireCapability(request, terms.capabilities);
    if (this.#task !== undefined) return this.#task.ask(requests);
    if (era === "handshake") return this.#ask(requests);
    const earlier = this.#earlierRound();
    const given = answersIn({ ...earlier?.answered, ...responsesIn(message.params) }, requests);
    // A handler that gives a state relies on it: answers that come without it are to something else.
    if (given === undefined || (state !== undefined && earlier === undefined)) {
      throw new InputRequired(requests, state, this.#answered);
    }
    this.#answered = { ...this.#answered, ...given };
    return given;
  }

  hold(): void {
    this.#options.exchange.hold?.();
  }

  pause(): void {
    this.#options.exchange.pause?.();
  }

  again(state: unknown): void {
    if (this.isRepeatable) throw new InputRequired({}, state, this.#answered);
  }

  get isRepeatable(): boolean {
    const { era, message } = this.#options;
    return era === "stateless" && this.#task === undefined && message.method === "tools/call";
  }

  get state(): unknown {
    return this.#earlierRound()?.state;
  }

  get session(): CallingSession | undefined {
    const { exchange, names, notices } = this.#options;
    const { session } = exchange;
    return (
      session && {
        holder: session.key,
        isChannel: session.channel !== undefined,
        name: names.of(session),
        learnName: () => names.learn(session),
        rename: (name) => notices.tell(session, { kind: "name", name }),
      }
    );
  }

  #earlierRound(): ReturnType<RequestStates["take"]> {
    const { requestStates, message, exchange } = this.#options;
    if (this.#earlier === null) this.#earlier = requestStates.take(message, exchange.caller.client.id);
    return this.#earlier;
  }

  get signal(): AbortSignal {
    if (this.#task !== undefined) return this.#task.signal;
    const { exchange, message, cancellations } = this.#options;
    const { session } = exchange;
    this.#signal ??=
      session === undefined
        ? exchange.signal
        : AbortSignal.any([exchange.signal, cancellations.begin(session.key, message.id)]);
    return this.#signal;
  }

  /** A client of the handshake era is asked on the stream of its request. */
  async #ask(requests: InputRequests): Promise<InputResponses> {
    const { clientRequests, exchange } = this.#options;
    const answers = Object.entries(requests).map(
      async ([name, request]) => [name, await clientRequests.ask(request, exchange, this.signal)] as const,
    );
    return Object.fromEntries(await Promise.all(answers));
  }

  #leastLevel(): LogLevel | undefined | Promise<LogLevel> {
    const { era, message, exchange, logLevels: levels } = this.#options;
    if (era === "handshake") return exchange.session && levels.of(exchange.session);
    const { [metaKeys.logLevel]: level } = metaOf(message.params);
    return logLevels.find((known) => known === level);
  }

  #notify(method: string, params: object): void {
    this.#inTurn(() => this.#send(method, params));
  }

  /** At once, unless something before it still waits. */
  #inTurn(send: () => void): void {
    if (this.#waiting === undefined) send();
    else this.#waiting = this.#waiting.then(send);
  }

  /** After the answer nothing is told any more, whatever a handler has left running. */
  #send(method: string, params: object): void {
    if (this.#isFinished || this.#task !== undefined || this.isCancelled) return;
    this.#flood ??= new FloodGate(this.#options.clock);
    if (this.#flood.admits()) this.#options.exchange.send({ jsonrpc: "2.0", method, params });
  }
}

function responsesIn({ inputResponses }: Params): Params {
  return isObject(inputResponses) ? inputResponses : {};
}

/** The client's answers, when it has given all that were asked for; what was not asked for is left out. */
function answersIn(given: Params, requests: InputRequests): InputResponses | undefined {
  const answers = Object.keys(requests).map((name) => [name, given[name]] as const);
  if (!answers.every(([, answer]) => isObject(answer))) return undefined;
  return Object.fromEntries(answers) as InputResponses;
}

const capabilityOf = {
  "elicitation/create": "elicitation",
  "sampling/createMessage": "sampling",
  "roots/list": "roots",
} as const;

function requireCapability(request: InputRequest, capabilities: ClientCapabilities): void {
  const missing = missingCapability(request, capabilities);
  if (missing === undefined) return;
  const part = partOf(request);
  const requiredCapabilities = { [missing]: part === undefined || part === "form" ? {} : { [part]: {} } };
  throw new ServerError("CLIENT_CAPABILITY_REQUIRED", { missing, requiredCapabilities });
}

/** What the client would have to have declared to be asked this, and has not. */
function missingCapability(request: InputRequest, capabilities: ClientCapabilities): string | undefined {
  const name = capabilityOf[request.method];
  const part = partOf(request);
  const declared = capabilities[name] as Readonly<Record<string, object>> | undefined;
  return declared === undefined || (part !== undefined && declared[part] === undefined) ? name : undefined;
}

/** What of a capability a request needs beside the capability itself. */
function partOf({ method, params = {} }: InputRequest): string | undefined {
  if (method === "elicitation/create") return params.mode === "url" ? "url" : "form";
  if (method !== "sampling/createMessage") return undefined;
  if (params.tools !== undefined || params.toolChoice !== undefined) return "tools";
  return [undefined, "none"].includes(params.includeContext as string | undefined) ? undefined : "context";
}
