import type { Event } from "../event.ts";
import { emojiOf } from "./emoji.ts";
import type { FormattedText } from "./formatted-text.ts";

/** What a person reads: the type's emoji and the title in bold, the description, and the details that matter. */
export function format(event: Event): FormattedText {
  const title = `${emojiOf(event.type, event.data)} ${event.title.trim()}`.trimEnd();
  const body = [event.description.trim(), ...details(event)].filter((line) => line !== "");
  return {
    text: [title, ...body].join("\n\n"),
    entities: [{ type: "bold", offset: 0, length: title.length }],
  };
}

type Details = (data: Event["data"]) => readonly string[];

/** Only what the description does not say: other fields of `data` are for programs. */
const DETAILS: ReadonlyMap<string, Details> = new Map<string, Details>([
  ["performance_alert", performance],
  ["task_completion", (data) => textOf(data.results)],
  ["approval_request", (data) => textOf(data.approval_prompt)],
  ["task_progress", progress],
  ["progress_update", progress],
]);

function details(event: Event): readonly string[] {
  const lines = DETAILS.get(event.type)?.(event.data) ?? [];
  return lines.filter((line) => line !== event.description.trim());
}

function performance(data: Event["data"]): readonly string[] {
  const rows = [
    ["Value", data.current_value],
    ["Threshold", data.threshold],
    ["Severity", data.severity],
  ] as const;
  const lines = rows.flatMap(([label, value]) => textOf(value).map((text) => `${label}: ${text}`));
  return lines.length === 0 ? [] : [lines.join("\n")];
}

/** Upstream's places of the percentage: `data.metadata.percentage`, or `current` of `total`. */
function progress(data: Event["data"]): readonly string[] {
  const { percentage, current, total } = { ...(isRecord(data.metadata) ? data.metadata : {}) };
  if (typeof percentage === "number") return [`${Math.round(percentage)}%`];
  if (typeof current !== "number" || typeof total !== "number" || total <= 0) return [];
  return [`${current}/${total} (${Math.round((current / total) * 100)}%)`];
}

function textOf(value: unknown): readonly string[] {
  return typeof value === "string" || typeof value === "number" ? [String(value).trim()] : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
