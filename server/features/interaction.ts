/** Severity of a message for the client, least first (RFC 5424, 6.2.1, as MCP names it). */
export const logLevels = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"] as const;

export type LogLevel = (typeof logLevels)[number];

/** What a client can be asked for, by its own name in MCP. */
export type InputRequest = {
  readonly method: "elicitation/create" | "sampling/createMessage" | "roots/list";
  readonly params?: Readonly<Record<string, unknown>>;
};

/** Under names that the asker chooses. */
export type InputRequests = Readonly<Record<string, InputRequest>>;

export type InputResponses = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The session of a client that calls, as people may talk to it. */
export type CallingSession = {
  /** Identity of it, the same on every replica. */
  readonly holder: string;
  /** What people say comes to it by itself. */
  readonly isChannel: boolean;
  /** Under which people know it, as far as this process knows. */
  readonly name: string | undefined;
  /** The same, as far as any process knows. */
  learnName(): Promise<string | undefined>;
  /** People know it under this name from now on. */
  rename(name: string): Promise<void>;
};

/** How a tool or prompt talks with the client while it works. What the client did not ask for is not sent. */
export type Interaction = {
  /** Tells how far the work is; must grow. */
  progress(progress: number, total?: number, message?: string): void;
  log(level: LogLevel, data: unknown): void;
  /** Whether the client has declared that it can be asked this. */
  canAsk(request: InputRequest): boolean;
  /**
   * Asks the client and resolves with its answers. A client of MCP 2026-07-28 answers by calling again: the handler then
   * runs from its beginning, and what it asked before is answered at once. So nothing that must happen once may stand
   * before it. `state` comes back with the answers, unchanged. Throws CLIENT_CAPABILITY_REQUIRED.
   */
  input(requests: InputRequests, state?: unknown): Promise<InputResponses>;
  /**
   * From now on the client does not wait for the answer: it gets a task and asks how that is (MCP, Tasks). Progress and log
   * are told no more; `input` asks by the task. False for a client that knows no tasks and so waits; when that cannot be
   * (`isRequired`), throws CLIENT_CAPABILITY_REQUIRED.
   */
  detach(isRequired?: boolean): boolean;
  /** Says that the work takes a while, so that a proxy does not cut a connection on which nothing comes. */
  hold(): void;
  /**
   * Lets the client's connection go while the work goes on, so that nobody on the way cuts it: the client comes back for
   * the rest. It does nothing where a client cannot.
   */
  pause(): void;
  /**
   * Ends this round of a call that takes long, without a question: a client of MCP 2026-07-28 calls again at once, and the
   * handler then runs from its beginning, with this state. It throws, and does nothing where a client cannot.
   */
  again(state: unknown): void;
  /** Whether `again` does something. */
  readonly isRepeatable: boolean;
  /** What an earlier round of this call gave as state; undefined in the first. */
  readonly state: unknown;
  /** Undefined for a client without one, such as those of REST and of MCP 2026-07-28. */
  readonly session: CallingSession | undefined;
  /** Aborted when the client has cancelled the request or, after `detach`, its task, or is gone. */
  readonly signal: AbortSignal;
};

/** Thrown through a handler whose client has to call again with its answers; no error. */
export class InputRequired extends Error {
  override readonly name = "InputRequired";
  readonly requests: InputRequests;
  readonly state: unknown;
  /** What the client has answered in this call before. */
  readonly answered: InputResponses;

  constructor(requests: InputRequests, state: unknown, answered: InputResponses) {
    super("the client has to answer first");
    this.requests = requests;
    this.state = state;
    this.answered = answered;
  }
}

/** For callers that cannot be asked or told anything, such as those of REST. */
export const noInteraction: Interaction = Object.freeze({
  progress: () => {},
  log: () => {},
  canAsk: () => false,
  detach: () => false,
  hold: () => {},
  pause: () => {},
  again: () => {},
  isRepeatable: false,
  input: () => Promise.reject(new Error("this caller cannot be asked")),
  state: undefined,
  session: undefined,
  signal: new AbortController().signal,
});
