import * as z from "zod";
import { ServerError } from "../../../contract/errors.ts";
import type { Params } from "../message.ts";
import type { Peers } from "../peers.ts";
import type { Task } from "./task.ts";
import type { Tasks } from "./tasks.ts";

const requestSchema = z.object({
  taskId: z.string(),
  clientId: z.string(),
  action: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("look") }),
    z.object({ kind: z.literal("cancel") }),
    z.object({ kind: z.literal("answer"), responses: z.record(z.string(), z.unknown()) }),
  ]),
});

type Action = z.input<typeof requestSchema>["action"];

const subject = "task";

/** The tasks of all processes that serve the same clients: each is worked on in one of them, and any can be asked. */
export class SharedTasks {
  readonly #own: Tasks;
  readonly #peers: Peers;

  constructor(own: Tasks, peers: Peers) {
    this.#own = own;
    this.#peers = peers;
    peers.answer(subject, (content) => {
      const request = requestSchema.safeParse(content);
      if (!request.success) return undefined;
      const { taskId, clientId, action } = request.data;
      const task = own.find(taskId, clientId);
      return task && act(task, action);
    });
  }

  /** How a task is, with its outcome or the questions that wait. These throw INVALID_PARAMS when there is no such task. */
  details(taskId: string, clientId: string): Promise<object> {
    return this.#ask(taskId, clientId, { kind: "look" });
  }

  async cancel(taskId: string, clientId: string): Promise<void> {
    await this.#ask(taskId, clientId, { kind: "cancel" });
  }

  async answer(taskId: string, clientId: string, responses: Params): Promise<void> {
    await this.#ask(taskId, clientId, { kind: "answer", responses });
  }

  async #ask(taskId: string, clientId: string, action: Action): Promise<object> {
    const task = this.#own.find(taskId, clientId);
    if (task !== undefined) return act(task, action);
    const answer = await this.#peers.ask(subject, { taskId, clientId, action });
    if (typeof answer !== "object" || answer === null) {
      throw new ServerError("INVALID_PARAMS", { problems: "taskId: there is no such task, or it has ended" });
    }
    return answer;
  }
}

function act(task: Task, action: Action): object {
  if (action.kind === "cancel") task.cancel();
  if (action.kind === "answer") task.answer(action.responses);
  return task.details();
}
