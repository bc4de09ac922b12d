/** A line of the log, as pino writes it. */
export type Entry = Readonly<Record<string, unknown>>;

// Terminals obey some of them, and some end a line or turn its direction for some programs.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
/** Those that JSON leaves as they are. */
const leftByJson = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu;
/** What needs no quotes, because nobody could take it for anything but a value. */
const plain = /^[A-Za-z0-9_.:/@%+[\]-]+$/;

/** Shown by each line that there is, or in front of the details. */
const known: ReadonlySet<string> = new Set(["level", "time", "service", "version", "instance", "msg", "err"]);

/** Those that the message of a security event says. */
const knownOfSecurity: ReadonlySet<string> = new Set([...known, "event", "client_ip"]);

/**
 * A line of the log for a person at a terminal. Every value is on the one line, whatever it holds, and only the lines of a
 * stack are below it, indented.
 *
 * @example
 * ```ts
 * textOf({ level: "info", time: "2026-01-01T00:00:00.000Z", msg: "hello", to: "a b" });
 * // => 2026-01-01T00:00:00.000Z INFO  hello to="a b"
 * ```
 */
export function textOf(entry: Entry): string {
  const { level, time, msg, err } = entry;
  const head = `${printable(String(time))} ${String(level).toUpperCase().padEnd(5)}`;
  const details = detailsOf(entry, isSecurityEvent(entry) ? knownOfSecurity : known);
  const problem = typeof err === "object" && err !== null ? (err as Entry) : {};
  const error = err === undefined ? "" : ` err=${shown(problem.message ?? err)}`;
  return [`${head} ${printable(String(msg ?? ""))}${details}${error}`, ...stackOf(problem)].join("\n");
}

/** ` name=value` for each of the details but those. */
export function detailsOf(entry: Entry, without: ReadonlySet<string>): string {
  const names = Object.keys(entry).filter((name) => !without.has(name));
  return names.map((name) => ` ${shown(name)}=${shown(entry[name])}`).join("");
}

function isSecurityEvent({ msg, event, client_ip }: Entry): boolean {
  return msg === `SECURITY ${event} client_ip=${client_ip}` && shown(client_ip) === client_ip;
}

/** Text, in quotes if it is more than a word. */
export function shown(value: unknown): string {
  const text = typeof value === "string" ? value : String(JSON.stringify(value));
  return plain.test(text) || typeof value === "number" ? text : printable(JSON.stringify(text));
}

/** A line of JSON with codes in place of characters that are not to be seen. */
export function withVisibleCharacters(json: string): string {
  return json.replace(leftByJson, codes);
}

/** As {@link withVisibleCharacters}, for a text without line breaks of its own. */
function printable(text: string): string {
  return text.replace(unprintable, codes);
}

/** Of each of its UTF-16 units. */
function codes(character: string): string {
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}

function stackOf({ stack }: Entry): string[] {
  if (typeof stack !== "string") return [];
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  return frames.map((line) => `    ${printable(line.trim())}`);
}
