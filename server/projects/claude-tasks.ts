import type { TodoSession } from "../../contract/todos.ts";
import type { FoundFile, ProjectFiles } from "./project-files.ts";
import { fieldsOf, readTasks, type Summary, summaryOf, type Task } from "./task-list.ts";

/** What Claude Code works through, as its clients registered it or as a file says. */
export type ClaudeTasks =
  | { readonly available: false; readonly message: string; readonly attempted: readonly string[] }
  | {
      readonly available: true;
      readonly source: string;
      readonly isActive: boolean;
      readonly updatedAt: number;
      readonly tasks: readonly SessionTask[];
      readonly summary: Summary;
    };

type SessionTask = Task & { readonly session_id?: string };

/** A list that was registered longer ago is nobody's present work. */
const REGISTERED_ACTIVE_MS = 3_600_000;
const FILE_ACTIVE_MS = 300_000;

const IN_PROJECT = [
  [".claude", "session", "todos.json"],
  [".claude", "todos.json"],
  [".cc_todos.json"],
  [".claude_session.json"],
] as const;
const IN_HOME = [
  [".claude", "session", "current_todos.json"],
  [".claude", "todos.json"],
  [".cc_telegram", "session_todos.json"],
] as const;

export type ClaudeSources = {
  /** The client's, the one that registered last first. */
  readonly sessions: readonly TodoSession[];
  readonly files: ProjectFiles;
  readonly project: string | undefined;
  /** Unix time in milliseconds. */
  readonly now: number;
};

/** Sessions of the last hour come first, then the file that changed last, then older sessions. */
export async function claudeTasks({ sessions, files, project, now }: ClaudeSources): Promise<ClaudeTasks> {
  const isActive = ({ registered_at }: TodoSession) => Date.parse(registered_at) > now - REGISTERED_ACTIVE_MS;
  const active = sessions.filter(isActive);
  if (active.length > 0) return registered(active, true);
  const attempts = files.readsAny ? await attemptsAt(files, project) : [];
  const [newest] = attempts.flatMap(({ file }) => listIn(file, now)).sort((a, b) => b.updatedAt - a.updatedAt);
  if (newest !== undefined) return newest;
  if (sessions.length > 0) return registered(sessions, false);
  return { available: false, message: NOTHING, attempted: attempts.map(tried) };
}

function attemptsAt(files: ProjectFiles, project: string | undefined) {
  return Promise.all([
    ...IN_PROJECT.map(async (path) => ({ name: path.join("/"), file: await files.ofProject(project, ...path) })),
    ...IN_HOME.map(async (path) => ({ name: `~/${path.join("/")}`, file: await files.ofHome(...path) })),
  ]);
}

const NOTHING = "No Claude Code tasks were found. Register them with register_claude_todos.";

function registered(sessions: readonly TodoSession[], isActive: boolean): ClaudeTasks {
  const tasks = sessions.flatMap(({ session_id, todos }) =>
    todos.map(({ id, content, status }) => ({ id, title: content, status, session_id, subtasks: [] })),
  );
  const names = sessions.map(({ session_id }) => session_id).join(", ");
  const updatedAt = Math.max(...sessions.map(({ registered_at }) => Date.parse(registered_at)));
  return { available: true, source: `registered: ${names}`, isActive, updatedAt, tasks, summary: summaryOf(tasks) };
}

type Available = Extract<ClaudeTasks, { available: true }>;

/** Nothing for a file that holds no tasks, or too many: another one may. */
function listIn(file: FoundFile, now: number): readonly Available[] {
  if (file.kind !== "read") return [];
  try {
    const json: unknown = JSON.parse(file.text);
    const fields = fieldsOf(json);
    const tasks = readTasks(Array.isArray(json) ? json : (fields?.tasks ?? fields?.todos));
    if (tasks === undefined || tasks.length === 0) return [];
    const { path: source, modifiedAt: updatedAt } = file;
    const isActive = updatedAt > now - FILE_ACTIVE_MS;
    return [{ available: true, source, isActive, updatedAt, tasks, summary: summaryOf(tasks) }];
  } catch {
    return [];
  }
}

function tried({ name, file }: { name: string; file: FoundFile }): string {
  if (file.kind === "absent") return name;
  return `${name} (${file.kind === "refused" ? file.reason : "it holds no tasks"})`;
}
