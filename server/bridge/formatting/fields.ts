import type { EventField } from "../../../contract/event-types.ts";
import { shownDuration } from "./duration.ts";
import { shownLine } from "./shown-text.ts";
import type { MessageStyle } from "./style.ts";

type Data = Readonly<Record<string, unknown>>;

/** What a person is told of one field: a line with its name, or a text that stands by itself. */
export type Shown = { readonly line: string } | { readonly text: string };

type Field = (data: Data, style: MessageStyle) => Shown | undefined;

/** Paths that are named, by style. The message says how many more there are. */
const mostFiles: Readonly<Record<MessageStyle, number>> = { concise: 3, detailed: 30 };

/**
 * How each field is shown, by co8/cctelegram's names of the members of `data`. A member of another type than expected is not
 * shown: `data` is free in form.
 */
const fields: Readonly<Record<EventField, Field>> = {
  results: ({ results }) => text(wordsOf(results)),
  prompt: ({ approval_prompt }) => text(wordsOf(approval_prompt)),
  progress,
  value: ({ current_value }) => line("Value", wordsOf(current_value)),
  threshold: ({ threshold }) => line("Threshold", wordsOf(threshold)),
  status: ({ status }) => line("Status", wordsOf(status)),
  severity: ({ severity }) => line("Severity", wordsOf(severity)),
  error: ({ error_message, error_code }) =>
    line("Error", joined([wordsOf(error_message), bracketed(wordsOf(error_code))])),
  tests,
  coverage: ({ coverage_percentage }) => line("Coverage", percent(coverage_percentage)),
  duration: ({ duration_ms }) => line("Duration", isAmount(duration_ms) ? shownDuration(duration_ms) : undefined),
  files,
  file: ({ file_path, line_number }) => line("File", place(file_path, line_number)),
  directory: ({ directory }) => line("Directory", wordsOf(directory)),
  code: ({ module_name, class_name, function_name }) =>
    line("In", joined([module_name, class_name, function_name].map(wordsOf), ".")),
  language: ({ language }) => line("Language", wordsOf(language)),
  snippet: ({ code_snippet }) => text(wordsOf(code_snippet)),
  place: ({ file_path, line_number }) => line("At", place(file_path, line_number)),
  stack: ({ stack_trace }) => text(wordsOf(stack_trace)),
  exit: ({ exit_code }) => line("Exit code", wordsOf(exit_code)),
  command: ({ command, arguments: list }) => line("Command", joined([wordsOf(command), ...wordsIn(list)])),
  target: ({ build_target }) => line("Target", wordsOf(build_target)),
  branch: ({ branch_name }) => line("Branch", wordsOf(branch_name)),
  commit: ({ commit_hash, commit_message }) =>
    line("Commit", joined([wordsOf(commit_hash)?.slice(0, 12), wordsOf(commit_message)?.split("\n", 1)[0]])),
  author: ({ author }) => line("Author", wordsOf(author)),
  service: ({ service_name }) => line("Service", wordsOf(service_name)),
  endpoint: ({ endpoint }) => line("Endpoint", wordsOf(endpoint)),
  answer: ({ response_code }) => line("Answer", wordsOf(response_code)),
  request: ({ request_id }) => line("Request", wordsOf(request_id)),
  cpu: ({ cpu_usage_percent }) => line("CPU", percent(cpu_usage_percent)),
  memory: ({ memory_usage_mb }) => line("Memory", amount(memory_usage_mb, "MB")),
  disk: ({ disk_usage_mb }) => line("Disk", amount(disk_usage_mb, "MB")),
  network: ({ network_bytes }) => line("Network", amount(network_bytes, "bytes")),
  user: ({ user_id }) => line("User", wordsOf(user_id)),
  tags: ({ tags }) => line("Tags", joined(wordsIn(tags), ", ")),
  url: ({ url }) => line("Link", wordsOf(url)),
};

/** What `data` says of some fields, in their order; those of which it says nothing are left out. */
export function shownFields(names: readonly EventField[], data: Data, style: MessageStyle): readonly Shown[] {
  return names.flatMap((name) => fields[name](data, style) ?? []);
}

const text = (words: string | undefined): Shown | undefined => (words === undefined ? undefined : { text: words });

const line = (name: string, words: string | undefined): Shown | undefined =>
  words === undefined ? undefined : { line: `${name}: ${words}` };

/** Upstream's places of the percentage: `data.metadata.percentage`, or `current` of `total`. */
function progress({ metadata }: Data): Shown | undefined {
  const { percentage, current, total } = { ...(isRecord(metadata) ? metadata : {}) };
  if (isAmount(percentage)) return { text: `${Math.round(percentage)}%` };
  if (!isAmount(current) || !isAmount(total) || total === 0) return undefined;
  return { text: `${current}/${total} (${Math.round((current / total) * 100)}%)` };
}

function tests({ test_count, tests_passed, tests_failed }: Data): Shown | undefined {
  const passed = isAmount(tests_passed) ? `${tests_passed} passed` : undefined;
  const failed = isAmount(tests_failed) ? `${tests_failed} failed` : undefined;
  const all = isAmount(test_count) ? `${test_count} run` : undefined;
  return line("Tests", joined([all, passed, failed], ", "));
}

/** `files_count`, ours: how many there are when `data` has no room for all of them. */
function files({ files_affected, files_changed, files_count }: Data, style: MessageStyle): Shown | undefined {
  const given = [...wordsIn(files_affected), ...wordsIn(files_changed)].map(shownLine).filter((path) => path !== "");
  const paths = [...new Set(given)];
  if (paths.length === 0) return undefined;
  const count = isAmount(files_count) ? Math.max(files_count, paths.length) : paths.length;
  const named = paths.slice(0, mostFiles[style]);
  const more = count - named.length;
  const rest = more > 0 ? [`… and ${more} more`] : [];
  if (style === "concise") return { line: `Files (${count}): ${[...named, ...rest].join(", ")}` };
  return { text: [`Files (${count}):`, ...named.map((path) => `- ${path}`), ...rest].join("\n") };
}

function place(path: unknown, number: unknown): string | undefined {
  const name = wordsOf(path);
  return name !== undefined && isAmount(number) ? `${name}:${number}` : name;
}

const percent = (value: unknown) => (isAmount(value) ? `${rounded(value)}%` : undefined);
const amount = (value: unknown, unit: string) => (isAmount(value) ? `${rounded(value)} ${unit}` : undefined);
const rounded = (value: number) => Math.round(value * 10) / 10;
const bracketed = (words: string | undefined) => (words === undefined ? undefined : `(${words})`);

function joined(parts: readonly (string | undefined)[], between = " "): string | undefined {
  const said = parts.filter((part) => part !== undefined);
  return said.length === 0 ? undefined : said.join(between);
}

/** A member that can be shown, without the space around it. */
function wordsOf(value: unknown): string | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  return String(value).trim() || undefined;
}

const wordsIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.flatMap((item) => wordsOf(item) ?? []) : [];

function isAmount(value: unknown): value is number {
  return typeof value === "number" && value >= 0;
}

function isRecord(value: unknown): value is Data {
  return typeof value === "object" && value !== null;
}
