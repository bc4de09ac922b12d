import * as z from "zod";
import { defineMethod } from "../define-method.ts";
import { requireTasks } from "../tasks/tasks.ts";

/** Answers to what a task has asked (MCP, Tasks). */
export const tasksUpdate = defineMethod({
  name: "tasks/update",
  eras: ["stateless"],
  params: z.object({ taskId: z.string(), inputResponses: z.record(z.string(), z.unknown()) }),
  async handle({ taskId, inputResponses }, { caller, capabilities, sharedTasks }) {
    requireTasks(capabilities);
    await sharedTasks.answer(taskId, caller.client.id, inputResponses);
    return {};
  },
});
