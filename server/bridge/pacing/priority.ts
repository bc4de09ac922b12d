import type { Event } from "../../../contract/event.ts";
import type { Priority } from "../../../contract/priority.ts";
import { weightOf } from "../attention/decision.ts";

/** co8/cctelegram's words in `data.priority`. */
const words: ReadonlyMap<unknown, Priority> = new Map<unknown, Priority>([
  ["urgent", "urgent"],
  ["high", "urgent"],
  ["low", "bulk"],
]);

/** What the sender says, else what `data.priority` or the severity says; approvals are urgent. */
export function priorityOf(event: Pick<Event, "type" | "data" | "priority">): Priority {
  if (event.priority !== undefined) return event.priority;
  if (weightOf(event) === "approval" || event.data.severity === "critical") return "urgent";
  return words.get(event.data.priority) ?? "normal";
}
