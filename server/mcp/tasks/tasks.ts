import { ServerError } from "../../../contract/errors.ts";
import { type ClientCapabilities, tasksExtension } from "../session.ts";
import { Task } from "./task.ts";

/** Tasks that one client, and all, may have at a time. */
const most = { each: 100, all: 10_000 };

/** A task is kept for so long, in milliseconds, whether it is done or not. */
const lifetimeMs = 3_600_000;

const pollIntervalMs = 1_000;

export type TasksOptions = {
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  /** A new id that nobody can guess. */
  readonly newId: () => string;
};

/** The tasks of one process, oldest first. */
export class Tasks {
  readonly #tasks = new Map<string, Task>();
  readonly #options: TasksOptions;

  constructor(options: TasksOptions) {
    this.#options = options;
  }

  /** Throws RATE_LIMIT_EXCEEDED for one too many. */
  create(clientId: string): Task {
    const { clock, newId } = this.#options;
    this.#forgetEnded();
    let own = 0;
    for (const task of this.#tasks.values()) if (task.clientId === clientId) own += 1;
    if (own >= most.each || this.#tasks.size >= most.all) {
      throw new ServerError("RATE_LIMIT_EXCEEDED", { retry_after: 60 });
    }
    const task = new Task({ id: newId(), clientId, lifetimeMs, pollIntervalMs, clock });
    this.#tasks.set(task.id, task);
    return task;
  }

  /** A task of a client; undefined when there is none here, or it is another's. */
  find(id: string, clientId: string): Task | undefined {
    this.#forgetEnded();
    const task = this.#tasks.get(id);
    return task?.clientId === clientId ? task : undefined;
  }

  #forgetEnded(): void {
    const now = this.#options.clock();
    for (const task of this.#tasks.values()) {
      if (task.endsAt > now) return;
      task.cancel();
      this.#tasks.delete(task.id);
    }
  }
}

/** Whether a client has declared that it understands tasks. */
export function knowsTasks({ extensions }: ClientCapabilities): boolean {
  return extensions?.[tasksExtension] !== undefined;
}

/** Throws CLIENT_CAPABILITY_REQUIRED for a client that has not declared that it understands tasks. */
export function requireTasks(capabilities: ClientCapabilities): void {
  if (knowsTasks(capabilities)) return;
  const requiredCapabilities = { extensions: { [tasksExtension]: {} } };
  throw new ServerError("CLIENT_CAPABILITY_REQUIRED", { missing: tasksExtension, requiredCapabilities });
}
