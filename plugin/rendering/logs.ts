import * as z from "zod";
import { printable } from "../terminal/printable.ts";
import type { Style } from "../terminal/style.ts";

export const levels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

export type Level = (typeof levels)[number];

const line = z.looseObject({
  level: z.union([z.enum(levels), z.int()]),
  time: z.union([z.string(), z.number()]),
  msg: z.string(),
});

/** What every line has, and what stands beside the message. */
const usual = new Set(["level", "time", "msg", "service", "version", "instance", "pid", "hostname", "name"]);

export type LogLook = {
  readonly style: Style;
  /** Lines below it are left out; those that are no JSON never are. */
  readonly level: Level | undefined;
};

/** A line of a pod's log as people read it; undefined when it is left out. */
export function logLine(pod: string, text: string, { style, level }: LogLook): string | undefined {
  const parsed = line.safeParse(jsonOf(text));
  if (!parsed.success) return `${style.faint(printable(pod))} ${printable(text)}`;
  const { time, msg, ...rest } = parsed.data;
  const at = levelOf(parsed.data.level);
  if (level !== undefined && levels.indexOf(at) < levels.indexOf(level)) return undefined;
  const details = Object.entries(rest).flatMap(([name, value]) =>
    usual.has(name) ? [] : [`${name}=${wordOf(value)}`],
  );
  const clock = timeOf(time);
  return [
    style.faint(clock),
    marked(at, style),
    style.faint(printable(pod)),
    printable(msg),
    style.faint(printable(details.join(" "))),
  ]
    .filter((word) => word !== "")
    .join(" ");
}

/** Levels of pino as numbers are tens. */
const levelOf = (level: Level | number): Level =>
  typeof level === "number"
    ? (levels[Math.min(Math.max(Math.floor(level / 10) - 1, 0), levels.length - 1)] ?? "info")
    : level;

function marked(level: Level, style: Style): string {
  const word = level.toUpperCase().padEnd(5);
  if (level === "error" || level === "fatal") return style.bad(word);
  return level === "warn" ? style.warn(word) : style.faint(word);
}

function timeOf(time: string | number): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? printable(String(time)) : at.toISOString().slice(0, 23).replace("T", " ");
}

const wordOf = (value: unknown) => (typeof value === "string" && !/[\s"=]/.test(value) ? value : JSON.stringify(value));

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
