import type { Event } from "../../../contract/event.ts";
import { emojiOf } from "./emoji.ts";
import { shownLine, shownText } from "./shown-text.ts";

/** Longest text that is looked at, in UTF-16 units: more than the messages of an event can hold. */
const LONGEST = 65_536;

/** What a person is to read. */
export type Letter = {
  /** The type's emoji and the title, on one line. */
  readonly title: string;
  /** The description, and the details that matter. */
  readonly body: string;
  /** Whose key sent it; undefined when nobody knows. */
  readonly sender?: string;
};

/** An event in words. */
export function format(event: Event): Letter {
  const title = shownLine(event.title) || shownLine(event.type);
  const body = [event.description, ...details(event)].map((text) => shownText(text.slice(0, LONGEST)));
  const sender = event.client === "unknown" ? "" : shownLine(event.client);
  return {
    title: `${emojiOf(event.type, event.data)} ${title}`.trimEnd(),
    body: body.filter((text) => text !== "").join("\n\n"),
    ...(sender !== "" && { sender }),
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
