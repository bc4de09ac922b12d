import * as z from "zod";
import { defineMethod } from "../define-method.ts";
import { requireTasks } from "../tasks/tasks.ts";

/** Answers to what a task has asked (MCP, Tasks). */
export const tasksUpdate = defineMethod({
  name: "tasks/update",
  eras: ["stateless"],
  params: z.object({ taskId: z.string(), inputResponses: z.record(z.string(), z.unknown()) }),
  handle({ taskId, inputResponses }, { caller, capabilities, tasks }) {
    requireTasks(capabilities);
    tasks.find(taskId, caller.client.id).answer(inputResponses);
    return {};
  },
});
