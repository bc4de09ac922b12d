import { eventTypeOf } from "../../../contract/event-types.ts";

const COMPLETION: ReadonlyMap<unknown, string> = new Map(
  Object.entries({
    completed: "✅",
    success: "✅",
    failed: "❌",
    error: "❌",
    warning: "⚠️",
  }),
);

/** Emoji of an event type; a task completion's depends on `data.status`; unknown types get a question mark. */
export function emojiOf(type: string, data: Readonly<Record<string, unknown>>): string {
  if (type === "task_completion" && typeof data.status === "string") return COMPLETION.get(data.status) ?? "ℹ️";
  return eventTypeOf(type)?.emoji ?? "❓";
}
