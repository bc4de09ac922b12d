import * as z from "zod";
import { dashboard, sectionNames } from "../projects/dashboard.ts";
import { taskSnapshot } from "../projects/task-snapshot.ts";
import { readingAnnotations } from "./fields.ts";
import { projectRoot, taskSystem } from "./task-fields.ts";
import { defineContentTool } from "./tool.ts";

export const todo = defineContentTool({
  name: "todo",
  title: "Show the todos",
  description: "Show what is done, what is being worked on and what comes next, as Markdown for a person.",
  permission: "todo",
  rest: ["GET", "POST"],
  cost: 1,
  input: z.object({
    project_root: projectRoot,
    task_system: taskSystem.default("taskmaster"),
    sections: z.array(z.enum(sectionNames)).default(["completed", "current", "upcoming"]),
    limit_completed: z.int().min(1).max(50).default(5).describe("How many completed tasks of a system, the last ones"),
    show_subtasks: z.boolean().default(true),
  }),
  annotations: readingAnnotations,
  async handler({ project_root, task_system, sections, limit_completed, show_subtasks }, context) {
    const snapshot = await taskSnapshot({ project: project_root, system: task_system }, context);
    const options = { sections, limitCompleted: limit_completed, showSubtasks: show_subtasks, now: context.clock() };
    return { content: [{ type: "text", text: dashboard(snapshot, options) }] };
  },
});
