import type { ClaudeTasks } from "./claude-tasks.ts";
import type { Summary, Task } from "./task-list.ts";
import type { TaskSnapshot } from "./task-snapshot.ts";
import type { TaskmasterTasks } from "./taskmaster.ts";

export const sectionNames = ["completed", "current", "upcoming", "blocked"] as const;

type SectionName = (typeof sectionNames)[number];

export type DashboardOptions = {
  readonly sections: readonly SectionName[];
  readonly limitCompleted: number;
  readonly showSubtasks: boolean;
  /** Unix time in milliseconds. */
  readonly now: number;
};

const SECTIONS: Readonly<Record<SectionName, { readonly title: string; readonly status: string }>> = {
  completed: { title: "✅ Completed Tasks", status: "completed" },
  current: { title: "🔄 Current Work", status: "in_progress" },
  upcoming: { title: "📋 Upcoming Tasks", status: "pending" },
  blocked: { title: "🚧 Blocked Tasks", status: "blocked" },
};

const ICONS: Readonly<Record<string, string>> = { completed: "✅", in_progress: "🔄", pending: "📋", blocked: "🚧" };
const PRIORITIES: Readonly<Record<string, number>> = { urgent: 3, high: 3, medium: 2, normal: 2, low: 1 };
const SHOWN_IN_SECTION = 200;

type Placed = { readonly task: Task; readonly system: "Claude" | "TaskMaster" };

/** The todo dashboard as Markdown. Pure. */
export function dashboard(snapshot: TaskSnapshot, options: DashboardOptions): string {
  const { claude, taskmaster } = snapshot;
  const placed: readonly Placed[] = [
    ...(claude?.available ? claude.tasks.map((task) => ({ task, system: "Claude" as const })) : []),
    ...(taskmaster?.available ? taskmaster.tasks.map((task) => ({ task, system: "TaskMaster" as const })) : []),
  ];
  return [
    "# 📋 Live Todo Dashboard",
    `*Last updated: ${timeOf(options.now)}*`,
    ...sessionLine(claude),
    "",
    ...[...new Set(options.sections)].flatMap((name) => section(name, placed, options)),
    "---",
    "## 📊 Live Summary",
    ...(claude === undefined ? [] : claudeSummary(claude)),
    ...(taskmaster === undefined ? [] : taskmasterSummary(taskmaster)),
    ...combinedSummary(claude, taskmaster),
    "",
    "---",
    "**Quick Commands:** `/tasks` • `/status` • `/todo`",
  ].join("\n");
}

function sessionLine(claude: ClaudeTasks | undefined): readonly string[] {
  if (!claude?.available) return [];
  return [`*${claude.isActive ? "🟢 LIVE" : "🟡 CACHED"} Claude Code Session (${timeOf(claude.updatedAt)})*`];
}

function section(name: SectionName, placed: readonly Placed[], options: DashboardOptions): readonly string[] {
  const { title, status } = SECTIONS[name];
  const all = placed.filter(({ task }) => task.status === status);
  if (all.length === 0) return [];
  const some = name === "completed" ? lastOfEach(all, options.limitCompleted) : all;
  const shown = [...some].sort(byImportance).slice(0, SHOWN_IN_SECTION);
  const count = shown.length < all.length ? `${shown.length} of ${all.length}` : `${all.length}`;
  return [`## ${title} (${count})`, "", ...shown.flatMap((each) => [...lines(each, options.showSubtasks), ""])];
}

/** The newest ones of each system: they stand last in its list. */
function lastOfEach(all: readonly Placed[], limit: number): readonly Placed[] {
  const of = (wanted: Placed["system"]) => all.filter(({ system }) => system === wanted).slice(-limit);
  return [...of("Claude"), ...of("TaskMaster")];
}

const priorityOf = ({ task }: Placed) => PRIORITIES[task.priority?.toLowerCase() ?? ""] ?? 0;

const byImportance = (a: Placed, b: Placed) => priorityOf(b) - priorityOf(a);

function lines({ task, system }: Placed, showSubtasks: boolean): readonly string[] {
  const details = system === "Claude" && task.details ? [`  *${lineOf(task.details, 100)}*`] : [];
  const subtasks = showSubtasks ? task.subtasks.map((each) => `  → ${line(each, system)}`) : [];
  return [line(task, system), ...subtasks, ...details];
}

function line({ status, title, priority }: Task, system: string): string {
  const badge = priority === undefined ? "" : ` [${lineOf(priority, 20).toUpperCase()}]`;
  return `${ICONS[status] ?? "❓"} **${lineOf(title, 1_000)}** \`${system}\`${badge}`;
}

function lineOf(text: string, maximum: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > maximum ? `${line.slice(0, maximum).toWellFormed()}...` : line;
}

function claudeSummary(claude: ClaudeTasks): readonly string[] {
  return ["### 🎯 Claude Code Session", ...(claude.available ? counts(claude.summary) : [`• ${claude.message}`])];
}

function taskmasterSummary(taskmaster: TaskmasterTasks): readonly string[] {
  const title = "### 📋 TaskMaster Project";
  return [title, ...(taskmaster.available ? counts(taskmaster.summary) : [`• ${taskmaster.error}`])];
}

function counts({ in_progress, pending, completed, blocked, other }: Summary): readonly string[] {
  return [
    `• **Active:** ${in_progress} | **Pending:** ${pending} | **Done:** ${completed}`,
    ...(blocked > 0 ? [`• **Blocked:** ${blocked}`] : []),
    ...(other > 0 ? [`• **Other:** ${other}`] : []),
  ];
}

function combinedSummary(claude: ClaudeTasks | undefined, taskmaster: TaskmasterTasks | undefined): readonly string[] {
  if (claude === undefined || taskmaster === undefined) return [];
  const sum = (key: keyof Summary) => [claude, taskmaster].reduce((n, x) => n + (x.available ? x.summary[key] : 0), 0);
  const [active, pending, done] = [sum("in_progress"), sum("pending"), sum("completed")];
  return ["### 🔄 Combined Total", `• **All Active:** ${active} | **All Pending:** ${pending} | **All Done:** ${done}`];
}

const timeOf = (time: number) => `${new Date(time).toISOString().slice(11, 19)} UTC`;
