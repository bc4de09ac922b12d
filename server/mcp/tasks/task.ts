import { ServerError } from "../../../contract/errors.ts";
import type { InputRequest, InputRequests, InputResponses } from "../../features/interaction.ts";
import { isObject, type Params } from "../message.ts";

/** What a call came to, as its own answer would have said it. */
type Outcome =
  | { readonly status: "completed"; readonly result: object }
  | { readonly status: "failed"; readonly error: object }
  | { readonly status: "cancelled" };

type Waiting = { readonly request: InputRequest; answer(response: Params): void; refuse(error: ServerError): void };

export type TaskOptions = {
  readonly id: string;
  readonly clientId: string;
  /** How long after its beginning it is kept, in milliseconds. */
  readonly lifetimeMs: number;
  /** How often a client should ask, in milliseconds. */
  readonly pollIntervalMs: number;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
};

/** A call whose client does not wait for the answer, but asks for it (MCP, Tasks). */
export class Task {
  readonly id: string;
  readonly clientId: string;
  /** Unix time in milliseconds. */
  readonly endsAt: number;
  readonly #options: TaskOptions;
  readonly #createdAt: number;
  readonly #waiting = new Map<string, Waiting>();
  readonly #cancelled = new AbortController();
  #updatedAt: number;
  #asked = 0;
  #outcome: Outcome | undefined;

  constructor(options: TaskOptions) {
    this.id = options.id;
    this.clientId = options.clientId;
    this.#options = options;
    this.#createdAt = options.clock();
    this.#updatedAt = this.#createdAt;
    this.endsAt = this.#createdAt + options.lifetimeMs;
  }

  /** Aborted when the client has cancelled the task. */
  get signal(): AbortSignal {
    return this.#cancelled.signal;
  }

  /** What the client gets instead of an answer. */
  summary() {
    const { lifetimeMs, pollIntervalMs } = this.#options;
    return {
      taskId: this.id,
      status: this.#status(),
      createdAt: new Date(this.#createdAt).toISOString(),
      lastUpdatedAt: new Date(this.#updatedAt).toISOString(),
      ttlMs: lifetimeMs,
      pollIntervalMs,
    };
  }

  /** How it is, with its outcome or the questions that wait. */
  details(): object {
    const { status: _status, ...outcome } = this.#outcome ?? {};
    const questions = [...this.#waiting].map(([key, { request }]) => [key, request] as const);
    return {
      ...this.summary(),
      ...outcome,
      ...(questions.length > 0 && { inputRequests: Object.fromEntries(questions) }),
    };
  }

  /** Asks the client and resolves with its answers, under the names of the requests. */
  async ask(requests: InputRequests): Promise<InputResponses> {
    const answers = Object.entries(requests).map(
      async ([name, request]) => [name, await this.#askOne(request)] as const,
    );
    return Object.fromEntries(await Promise.all(answers));
  }

  /** Gives answers to the questions that wait; others are left out. */
  answer(responses: Params): void {
    for (const [key, response] of Object.entries(responses)) {
      const waiting = this.#waiting.get(key);
      if (waiting === undefined || !isObject(response)) continue;
      this.#waiting.delete(key);
      this.#touch();
      waiting.answer(response);
    }
  }

  cancel(): void {
    if (this.#outcome !== undefined) return;
    this.#end({ status: "cancelled" });
    this.#cancelled.abort();
  }

  /** Takes the message that would have been the call's answer. */
  settle(message: { readonly result?: object; readonly error?: object }): void {
    if (this.#outcome !== undefined) return;
    const { result, error = {} } = message;
    this.#end(result === undefined ? { status: "failed", error } : { status: "completed", result });
  }

  #askOne(request: InputRequest): Promise<Params> {
    const { promise, resolve, reject } = Promise.withResolvers<Params>();
    if (this.#outcome !== undefined) {
      reject(cancelled(request));
      return promise;
    }
    // A key is never used twice, so that an answer cannot come to another question.
    this.#asked += 1;
    this.#waiting.set(`question-${this.#asked}`, { request, answer: resolve, refuse: reject });
    this.#touch();
    return promise;
  }

  #status(): Outcome["status"] | "working" | "input_required" {
    return this.#outcome?.status ?? (this.#waiting.size > 0 ? "input_required" : "working");
  }

  #touch(): void {
    this.#updatedAt = this.#options.clock();
  }

  #end(outcome: Outcome): void {
    this.#outcome = outcome;
    this.#touch();
    for (const { request, refuse } of this.#waiting.values()) refuse(cancelled(request));
    this.#waiting.clear();
  }
}

function cancelled({ method }: InputRequest): ServerError {
  return new ServerError("CLIENT_REFUSED", { method, reason: "it has cancelled the task" });
}
