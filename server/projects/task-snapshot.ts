import type { ToolContext } from "../tools/tool.ts";
import { type ClaudeTasks, claudeTasks } from "./claude-tasks.ts";
import { ProjectFiles } from "./project-files.ts";
import { type TaskmasterTasks, taskmasterTasks } from "./taskmaster.ts";

export const taskSystems = ["claude-code", "taskmaster", "both"] as const;

type TaskSystem = (typeof taskSystems)[number];

/** The tasks of a client now; of a system that is not asked for nothing. */
export type TaskSnapshot = { readonly claude?: ClaudeTasks; readonly taskmaster?: TaskmasterTasks };

export type SnapshotQuery = { readonly project: string | undefined; readonly system: TaskSystem };

const NO_FILES = new ProjectFiles({ roots: [], home: undefined });

/** Gathers them: what the client registered with the bridge, and files where this process may read them. */
export async function taskSnapshot(
  { project, system }: SnapshotQuery,
  { bridge, client, clock, projects: files = NO_FILES }: Pick<ToolContext, "bridge" | "client" | "clock" | "projects">,
): Promise<TaskSnapshot> {
  const sessions = system === "taskmaster" ? [] : await bridge.todos.sessionsOf(client.name);
  return {
    ...(system !== "taskmaster" && { claude: await claudeTasks({ sessions, files, project, now: clock() }) }),
    ...(system !== "claude-code" && { taskmaster: await taskmasterTasks(files, project) }),
  };
}
