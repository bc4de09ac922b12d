import { printable } from "../printable.ts";

/** In characters. */
const longest = 256;

/**
 * What a container wrote last before it failed, as the kubelet keeps it (`FallbackToLogsOnError`): one line that does not
 * change between equal failures. Whoever made the image chose the text, and a status is read by many: nothing that looks like
 * a secret is left. Undefined when there is nothing to tell.
 */
export function lastWords(log: string | undefined): string | undefined {
  const lines = (log ?? "").split(/[\r\n]+/).filter(isTelling);
  const start = lines.findLastIndex((line) => !/^\s/.test(line));
  if (start < 0) return undefined;
  const [first = "", ...rest] = lines.slice(start);
  const words = ofRecord(first) ?? [first, ...rest].map((line) => line.trim()).join(" ");
  const told = withoutSecrets(withoutTimes(words)).trim();
  return told === "" ? undefined : printable(told, longest);
}

/** Neither a frame of a stack nor what the runtime says of itself. */
const isTelling = (line: string) => line.trim() !== "" && !/^\s+at |^Node\.js v|^\s*[{}()[\]]+;?$/.test(line);

/** Of a line of a structured log its message, and the reason or error beside it. */
function ofRecord(line: string): string | undefined {
  try {
    const { msg, message, reason, err } = JSON.parse(line) as Record<string, unknown>;
    const cause = reason ?? (err as { message?: unknown } | undefined)?.message;
    const words = [msg ?? message, cause].filter((word) => typeof word === "string");
    return words.length === 0 ? undefined : words.join(": ");
  } catch {
    return undefined;
  }
}

const withoutTimes = (text: string) =>
  text.replace(/\[?\d{4}[-/]\d\d[-/]\d\d[T ]?(\d\d:\d\d(:\d\d)?([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?\]?\s*/g, "");

function withoutSecrets(text: string): string {
  return text
    .replace(/\d{5,}:[\w-]{20,}/g, redacted)
    .replace(/\b(bearer|basic)\s+\S+/gi, `$1 ${redacted}`)
    .replace(/\/\/[^\s/"\\]+@/g, `//${redacted}@`)
    .replace(/\b((?:api[-_]?key|token|secret|password)["']?\s*[=:]\s*)\S+/gi, `$1${redacted}`)
    .replace(/[\w+=-]{24,}/g, (word) => (/\d/.test(word) && /[A-Za-z]/.test(word) ? redacted : word));
}

const redacted = "[redacted]";
