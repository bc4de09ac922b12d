import * as z from "zod";
import { todoStatuses } from "../../contract/todos.ts";
import type { ClaudeTasks } from "../projects/claude-tasks.ts";
import { type Summary, summaryOf, type Task } from "../projects/task-list.ts";
import { taskSnapshot } from "../projects/task-snapshot.ts";
import type { TaskmasterTasks } from "../projects/taskmaster.ts";
import { readingAnnotations } from "./fields.ts";
import { projectRoot, taskSystem } from "./task-fields.ts";
import { defineTool } from "./tool.ts";

const count = z.number();
const counts = z.object({ pending: count, in_progress: count, completed: count, blocked: count, other: count });
const summary = counts.describe("How many there are, whatever the filter; other: deferred, cancelled and the like");

const claudeTask = z.object({
  id: z.string(),
  content: z.string(),
  status: z.string(),
  session_id: z.string().exactOptional(),
  priority: z.string().exactOptional(),
});

const taskmasterTask = z.object({
  id: z.string(),
  title: z.string(),
  status: z.string(),
  description: z.string().exactOptional(),
  priority: z.string().exactOptional(),
  estimated_hours: z.number().exactOptional(),
  tags: z.array(z.string()).exactOptional(),
  dependencies: z.array(z.string()).exactOptional(),
  parent_id: z.string().nullable(),
  is_subtask: z.boolean(),
});

const available = z.boolean().describe("False: there is nothing, for the reason that stands beside it");

const claudePart = z.object({
  available,
  session_active: z.boolean().describe("Registered in the last hour, or a file of the last five minutes"),
  source: z.string().exactOptional(),
  last_updated: z.string().exactOptional().describe("RFC 3339"),
  total_count: count.exactOptional(),
  filtered_count: count.exactOptional(),
  summary: summary.exactOptional(),
  tasks: z.array(claudeTask).exactOptional(),
  message: z.string().exactOptional(),
  attempted_sources: z.array(z.string()).exactOptional(),
});

const taskmasterPart = z.object({
  available,
  source: z.string().exactOptional(),
  current_tag: z.string().exactOptional(),
  total_count: count.exactOptional().describe("Subtasks included"),
  filtered_count: count.exactOptional(),
  main_tasks_count: count.exactOptional(),
  subtasks_count: count.exactOptional(),
  summary: summary.exactOptional(),
  tasks: z.array(taskmasterTask).exactOptional(),
  error: z.string().exactOptional(),
});

const totals = counts.extend({ total: count });

const combined = z.object({
  total_pending: count,
  total_in_progress: count,
  total_completed: count,
  total_blocked: count,
  total_other: count,
  grand_total: count,
  breakdown: z.object({ claude_code: totals, taskmaster: totals }),
});

export const getTaskStatus = defineTool({
  name: "get_task_status",
  title: "Get the tasks",
  description:
    "Tell the tasks that this client registered, or that files of its project hold, with how many are pending, in progress, completed and blocked.",
  permission: "get_task_status",
  rest: ["GET", "POST"],
  cost: 1,
  input: z.object({
    project_root: projectRoot,
    task_system: taskSystem.default("both"),
    status_filter: z.enum(todoStatuses).optional().describe("Only tasks of this status; all by default"),
    summary_only: z.boolean().default(false).describe("Without the tasks themselves"),
  }),
  output: z.object({
    timestamp: z.string(),
    task_system: taskSystem,
    status_filter: z.string(),
    summary_only: z.boolean(),
    claude_code_tasks: claudePart.exactOptional(),
    taskmaster_tasks: taskmasterPart.exactOptional(),
    combined_summary: combined.exactOptional(),
  }),
  annotations: readingAnnotations,
  async handler({ project_root, task_system, status_filter, summary_only }, context) {
    const { claude, taskmaster } = await taskSnapshot({ project: project_root, system: task_system }, context);
    const shown = { filter: status_filter, summaryOnly: summary_only };
    return {
      timestamp: new Date(context.clock()).toISOString(),
      task_system,
      status_filter: status_filter ?? "all",
      summary_only,
      ...(claude && { claude_code_tasks: claudeShown(claude, shown) }),
      ...(taskmaster && { taskmaster_tasks: taskmasterShown(taskmaster, shown) }),
      ...(claude && taskmaster && { combined_summary: combinedOf(claude, taskmaster) }),
    };
  },
});

type Shown = { readonly filter: string | undefined; readonly summaryOnly: boolean };

function claudeShown(tasks: ClaudeTasks, { filter, summaryOnly }: Shown): z.output<typeof claudePart> {
  if (!tasks.available) {
    const { message, attempted } = tasks;
    return { available: false, session_active: false, message, attempted_sources: [...attempted] };
  }
  const filtered = tasks.tasks.filter(({ status }) => status === (filter ?? status));
  const told = filtered.map(({ id, title: content, status, priority, session_id }) => {
    return { id, content, status, ...(session_id !== undefined && { session_id }), ...(priority && { priority }) };
  });
  return {
    available: true,
    source: tasks.source,
    session_active: tasks.isActive,
    last_updated: new Date(tasks.updatedAt).toISOString(),
    total_count: tasks.tasks.length,
    filtered_count: filtered.length,
    summary: tasks.summary,
    ...(!summaryOnly && { tasks: told }),
  };
}

function taskmasterShown(tasks: TaskmasterTasks, { filter, summaryOnly }: Shown): z.output<typeof taskmasterPart> {
  if (!tasks.available) return { available: false, error: tasks.error };
  const filtered = tasks.all.filter(({ task }) => task.status === (filter ?? task.status));
  return {
    available: true,
    source: tasks.source,
    current_tag: tasks.tag,
    total_count: tasks.all.length,
    filtered_count: filtered.length,
    main_tasks_count: tasks.tasks.length,
    subtasks_count: tasks.all.length - tasks.tasks.length,
    summary: tasks.summary,
    ...(!summaryOnly && { tasks: filtered.map(({ task, parentId }) => taskShown(task, parentId)) }),
  };
}

function taskShown(task: Task, parent_id: string | null): z.output<typeof taskmasterTask> {
  const { subtasks: _subtasks, details: _details, tags, dependencies, ...told } = task;
  return {
    ...told,
    ...(tags && { tags: [...tags] }),
    ...(dependencies && { dependencies: [...dependencies] }),
    parent_id,
    is_subtask: parent_id !== null,
  };
}

const NONE = summaryOf([]);

function combinedOf(claude: ClaudeTasks, taskmaster: TaskmasterTasks): z.output<typeof combined> {
  const a = withTotal(claude.available ? claude.summary : NONE);
  const b = withTotal(taskmaster.available ? taskmaster.summary : NONE);
  return {
    total_pending: a.pending + b.pending,
    total_in_progress: a.in_progress + b.in_progress,
    total_completed: a.completed + b.completed,
    total_blocked: a.blocked + b.blocked,
    total_other: a.other + b.other,
    grand_total: a.total + b.total,
    breakdown: { claude_code: a, taskmaster: b },
  };
}

function withTotal(summary: Summary): z.output<typeof totals> {
  return { ...summary, total: Object.values(summary).reduce((sum, each) => sum + each, 0) };
}
