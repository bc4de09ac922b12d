import * as z from "zod";
import { longestText, sent, text, title } from "./fields.ts";
import { sendEvent, sendingAnnotations } from "./send-event.ts";
import { defineTool } from "./tool.ts";

const longestResults = 10_000;
const mostFiles = 1_000;

export const sendTaskCompletion = defineTool({
  name: "send_task_completion",
  title: "Send a task's completion",
  description: "Tell people on Telegram that a task is done, with its results, files and duration.",
  permission: "send_task_completion",
  rest: ["POST"],
  cost: 1,
  input: z.object({
    task_id: z.string().min(1).max(100).describe("The task; any text, such as a UUID"),
    title,
    results: text(longestResults).optional().describe(`What came of it, at most ${longestResults} characters`),
    files_affected: z
      .array(z.string().max(1_000))
      // Not as a keyword of the schema: not every model's API takes it.
      .refine((files) => files.length <= mostFiles, `may have at most ${mostFiles} files`)
      .optional()
      .describe(`Paths of the files that changed, at most ${mostFiles}; the message shows as many as it has room for`),
    duration_ms: z.number().min(0).optional().describe("How long it took, in milliseconds"),
  }),
  output: sent,
  annotations: sendingAnnotations,
  handler: ({ task_id, title, results, files_affected = [], duration_ms }, context) => {
    const head = [
      `Task "${title}" completed successfully`,
      ...(results === undefined ? [] : [results]),
      ...(duration_ms === undefined ? [] : [`Duration: ${duration(duration_ms)}`]),
    ].join("\n\n");
    const description = [head, ...filesShown(files_affected, longestText - head.length)].join("\n\n");
    const data = { status: "completed", ...(duration_ms !== undefined && { duration_ms }) };
    const draft = {
      type: "task_completion",
      title,
      description,
      source: "claude-code",
      taskId: task_id,
      data,
    } as const;
    return sendEvent(draft, "Task completion", context);
  },
});

/** As many files as there is room for, one a line, and how many are left out. */
function filesShown(files: readonly string[], room: number): readonly string[] {
  if (files.length === 0) return [];
  const lines = [`Files (${files.length}):`];
  // Less the blank line before it, and a last line that says how many more there are.
  let left = room - lines.join("").length - "\n\n\n… and 1000 more".length;
  for (const [index, file] of files.entries()) {
    const line = `- ${file.toWellFormed()}`;
    left -= line.length + 1;
    if (left < 0) return [[...lines, `… and ${files.length - index} more`].join("\n")];
    lines.push(line);
  }
  return [lines.join("\n")];
}

const units = [
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

/** The two largest units that it has, such as 1 min 5 s. */
function duration(ms: number): string {
  const whole = Math.round(ms);
  const first = units.findIndex(([, length]) => whole >= length);
  if (first < 0) return "0 ms";
  const parts = units.slice(first, first + 2).map(([unit, length], index) => {
    const count = Math.floor((index === 0 ? whole : whole % (units[first]?.[1] ?? 1)) / length);
    return count > 0 ? `${count} ${unit}` : "";
  });
  return parts.filter((part) => part !== "").join(" ");
}
