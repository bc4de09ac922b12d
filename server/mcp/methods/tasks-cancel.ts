import * as z from "zod";
import { defineMethod } from "../define-method.ts";
import { requireTasks } from "../tasks/tasks.ts";

/** Tells a task to end; one that has ended stays as it is (MCP, Tasks). */
export const tasksCancel = defineMethod({
  name: "tasks/cancel",
  eras: ["stateless"],
  params: z.object({ taskId: z.string() }),
  async handle({ taskId }, { caller, capabilities, sharedTasks }) {
    requireTasks(capabilities);
    await sharedTasks.cancel(taskId, caller.client.id);
    return {};
  },
});
