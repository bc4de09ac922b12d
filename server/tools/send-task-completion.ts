import * as z from "zod";
import { sent, text, title } from "./fields.ts";
import { sendEvent, sendingAnnotations } from "./send-event.ts";
import { defineTool } from "./tool.ts";

const longestResults = 10_000;
const mostFiles = 1_000;
/** Of the 16 KiB and 100 members of `data`. */
const roomForFiles = { count: 90, bytes: 14_000 };

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
      .describe(
        `Paths of the files that changed, at most ${mostFiles}; the message names some of them and says how many there are`,
      ),
    duration_ms: z.number().min(0).optional().describe("How long it took, in milliseconds"),
  }),
  output: sent,
  annotations: sendingAnnotations,
  handler: ({ task_id, title, results, files_affected = [], duration_ms }, context) => {
    const description = [`Task "${title}" completed successfully`, ...(results === undefined ? [] : [results])].join(
      "\n\n",
    );
    const data = {
      status: "completed",
      ...(duration_ms !== undefined && { duration_ms }),
      ...(files_affected.length > 0 && named(files_affected)),
    };
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

/** As many files as there is room for in `data`, and how many there are. */
function named(files: readonly string[]): { readonly files_affected: readonly string[]; readonly files_count: number } {
  let left = roomForFiles.bytes;
  const files_affected: string[] = [];
  for (const file of files.slice(0, roomForFiles.count)) {
    const name = file.toWellFormed();
    left -= Buffer.byteLength(JSON.stringify(name)) + 1;
    if (left < 0) break;
    files_affected.push(name);
  }
  return { files_affected, files_count: files.length };
}
