import type { Format } from "./commands/command.ts";
import { problems } from "./problems.ts";

type Values = Readonly<Record<string, unknown>>;

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of "90s", "5m", "1h30m" or "2d"; undefined when it is none. */
export function durationOf(text: string): number | undefined {
  if (!/^(\d+[smhd])+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+)([smhd])/g)].reduce(
    (sum, [, count, unit = ""]) => sum + Number(count) * (units[unit] ?? 0),
    0,
  );
}

/** What was typed: arguments by their names, options by their long names without dashes. */
export class Input {
  readonly #arguments: Values;
  readonly #options: Values;

  constructor(values: { readonly arguments: Values; readonly options: Values }) {
    this.#arguments = values.arguments;
    this.#options = values.options;
  }

  /** One that is required. */
  argument(name: string): string {
    return String(this.#arguments[name]);
  }

  optional(name: string): string | undefined {
    const value = this.#arguments[name];
    return typeof value === "string" ? value : undefined;
  }

  /** All of one that may be given several times. */
  many(name: string): readonly string[] {
    const value = this.#arguments[name] ?? this.#options[camel(name)];
    return Array.isArray(value) ? value.map(String) : [];
  }

  /** One that is called "no-" something turns that off. */
  flag(name: string): boolean {
    return name.startsWith("no-") ? this.#options[camel(name.slice(3))] === false : this.#options[camel(name)] === true;
  }

  text(name: string): string | undefined {
    const value = this.#options[camel(name)];
    return typeof value === "string" ? value : undefined;
  }

  /** A whole number within bounds. */
  number(name: string, { min = 0, max = Number.MAX_SAFE_INTEGER } = {}): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < min || number > max) {
      throw problems.badOption(
        `--${name}`,
        `must be a whole number from ${min}${max < Number.MAX_SAFE_INTEGER ? ` to ${max}` : ""}`,
      );
    }
    return number;
  }

  /** Milliseconds. */
  duration(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const ms = durationOf(text);
    if (ms === undefined) throw problems.badOption(`--${name}`, "must be a duration such as 90s, 5m, 1h30m or 2d");
    return ms;
  }

  get format(): Format | undefined {
    return this.text("output") as Format | undefined;
  }

  get allNamespaces(): boolean {
    return this.flag("all-namespaces");
  }

  get dryRun(): boolean {
    return this.flag("dry-run");
  }

  get yes(): boolean {
    return this.flag("yes");
  }
}

const camel = (name: string) => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
