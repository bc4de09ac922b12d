import type { ProjectFiles } from "./project-files.ts";
import { fieldsOf, readTasks, type Summary, summaryOf, type Task } from "./task-list.ts";

/** What TaskMaster's file of a project says. */
export type TaskmasterTasks =
  | { readonly available: false; readonly error: string }
  | {
      readonly available: true;
      readonly source: string;
      readonly tag: string;
      /** As they are nested in the file. */
      readonly tasks: readonly Task[];
      /** The same, subtasks included, each once. */
      readonly all: readonly NestedTask[];
      readonly summary: Summary;
    };

type NestedTask = { readonly task: Task; readonly parentId: string | null };

const PATH = [".taskmaster", "tasks", "tasks.json"] as const;
const NO_FILE = "TaskMaster file not found. Run task-master init to set up TaskMaster.";

export async function taskmasterTasks(files: ProjectFiles, project: string | undefined): Promise<TaskmasterTasks> {
  const found = await files.ofProject(project, ...PATH);
  if (found.kind === "absent") return { available: false, error: NO_FILE };
  if (found.kind === "refused") return unreadable(found.reason);
  try {
    const { tag, list } = shapeOf(JSON.parse(found.text));
    const tasks = readTasks(list);
    if (tasks === undefined) return unreadable("it holds no list of tasks");
    const all = nested(tasks, null);
    return { available: true, source: found.path, tag, tasks, all, summary: summaryOf(all.map(({ task }) => task)) };
  } catch (error) {
    return unreadable(error instanceof SyntaxError ? "it is not JSON" : (error as Error).message);
  }
}

/** The shapes that TaskMaster's file had over time: with `data`, with `tags`, a bare list, and one key for each tag. */
function shapeOf(json: unknown): { readonly tag: string; readonly list: unknown } {
  const tag = "master";
  if (Array.isArray(json)) return { tag, list: json };
  const file = fieldsOf(json);
  const places = [fieldsOf(fieldsOf(file?.tags)?.master), fieldsOf(file?.data), file, fieldsOf(file?.master)];
  return { tag, list: places.map((place) => place?.tasks).find(Array.isArray) };
}

function nested(tasks: readonly Task[], parentId: string | null): readonly NestedTask[] {
  return tasks.flatMap((task) => [{ task, parentId }, ...nested(task.subtasks, task.id)]);
}

function unreadable(reason: string): TaskmasterTasks {
  return { available: false, error: `Failed to read TaskMaster file: ${reason}` };
}
