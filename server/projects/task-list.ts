/** How many tasks have which status; `other` ones are deferred, cancelled, in review and the like. */
export type Summary = Readonly<Record<SummaryKey, number>>;

type SummaryKey = "pending" | "in_progress" | "completed" | "blocked" | "other";

/** A task of either system. Statuses have the names of `todoStatuses`, or others that a system has beside them. */
export type Task = {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  readonly description?: string;
  readonly priority?: string;
  readonly details?: string;
  readonly estimated_hours?: number;
  readonly tags?: readonly string[];
  readonly dependencies?: readonly string[];
  readonly subtasks: readonly Task[];
};

const SYNONYMS: Readonly<Record<string, string>> = { done: "completed", "in-progress": "in_progress" };

const LONGEST = { id: 100, title: 1_000, text: 1_000, word: 64, words: 50 } as const;

const limits = { tasks: 2_000, depth: 4 } as const;

/** Counts each task once, without its subtasks. */
export function summaryOf(tasks: readonly Pick<Task, "status">[]): Summary {
  const summary = { pending: 0, in_progress: 0, completed: 0, blocked: 0, other: 0 };
  for (const { status } of tasks) summary[isCounted(status) ? status : "other"] += 1;
  return summary;
}

const isCounted = (status: string): status is SummaryKey =>
  status === "pending" || status === "in_progress" || status === "completed" || status === "blocked";

/**
 * The tasks that a file holds, with their subtasks to four levels. Undefined for what are none. Throws when they are too
 * many.
 */
export function readTasks(value: unknown): readonly Task[] | undefined {
  if (!Array.isArray(value)) return undefined;
  let left: number = limits.tasks;
  const readAll = (values: readonly unknown[], depth: number): readonly Task[] =>
    values.flatMap((each) => {
      left -= 1;
      if (left < 0) throw new Error(`it holds more than ${limits.tasks} tasks`);
      const fields = fieldsOf(each);
      const nested = fields?.subtasks;
      const subtasks = Array.isArray(nested) && depth < limits.depth ? readAll(nested, depth + 1) : [];
      return fields === undefined ? [] : [toTask(fields, subtasks)];
    });
  return readAll(value, 1);
}

type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function toTask(fields: Fields, subtasks: readonly Task[]): Task {
  const { id, status, description, priority, details, estimatedHours, tags, dependencies } = fields;
  const title = [fields.title, fields.content, description].map((each) => textOf(each, LONGEST.title)).find(Boolean);
  const said = textOf(status, LONGEST.word) ?? "pending";
  return {
    id: textOf(id, LONGEST.id) ?? "",
    title: title ?? "Untitled Task",
    status: Object.hasOwn(SYNONYMS, said) ? (SYNONYMS[said] ?? said) : said,
    ...optional("description", textOf(description, LONGEST.text)),
    ...optional("priority", textOf(priority, LONGEST.word)),
    ...optional("details", textOf(details, LONGEST.text)),
    ...optional("estimated_hours", Number.isFinite(estimatedHours) ? (estimatedHours as number) : undefined),
    ...optional("tags", wordsOf(tags)),
    ...optional("dependencies", wordsOf(dependencies)),
    subtasks,
  };
}

function optional<Name extends string, T>(name: Name, value: T | undefined): { [K in Name]?: T } {
  return value === undefined ? {} : ({ [name]: value } as { [K in Name]: T });
}

/** TaskMaster numbers its tasks. */
function textOf(value: unknown, maximum: number): string | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  return String(value).slice(0, maximum).toWellFormed();
}

function wordsOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.slice(0, LONGEST.words).flatMap((each) => textOf(each, LONGEST.word) ?? []);
}
