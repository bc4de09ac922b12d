import * as z from "zod";
import { defineMethod } from "../define-method.ts";
import { tasksExtension } from "../session.ts";
import { requireTasks } from "../tasks/tasks.ts";

/** How a task is (MCP, Tasks). */
export const tasksGet = defineMethod({
  name: "tasks/get",
  eras: ["stateless"],
  params: z.object({ taskId: z.string() }),
  capabilities: { extensions: { [tasksExtension]: {} } },
  handle({ taskId }, { caller, capabilities, sharedTasks }) {
    requireTasks(capabilities);
    return sharedTasks.details(taskId, caller.client.id);
  },
});
