import type { BridgeStatus } from "../../../contract/bridge-status.ts";
import type { Queue } from "../queue/queue.ts";
import type { Todos } from "../tasks/todos.ts";
import type { CommandContext } from "./command.ts";

/** Sessions of todos that an answer may be made of. */
const SESSIONS_SHOWN = 20;

export type BridgeParts = {
  readonly status: () => BridgeStatus;
  readonly queue: Pick<Queue, "waitingByClient">;
  readonly todos: Pick<Todos, "newest">;
  readonly now: () => number;
};

/** What commands see of a bridge. */
export function contextOf({ status, queue, todos, now }: BridgeParts): CommandContext {
  return {
    status,
    waitingByClient: () => queue.waitingByClient(),
    todos: (client) => todos.newest(SESSIONS_SHOWN, client),
    now,
  };
}
