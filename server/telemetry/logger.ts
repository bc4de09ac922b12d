import { type DestinationStream, type Logger, pino } from "pino";
import type { LogLevel } from "../../contract/log-levels.ts";
import { stdoutLogger } from "../../logging/stdout-logger.ts";
import { type LogFiles, type LogFormat, logLines } from "./log-lines.ts";
import { withVisibleCharacters } from "./log-text.ts";

export type { Logger };

export type LoggerOptions = {
  readonly level: LogLevel;
  readonly service: { readonly name: string; readonly version: string; readonly instance: string };
  /** Where the lines go; stdout when not given. */
  readonly destination?: DestinationStream;
  /** Of these lines; JSON when not given. */
  readonly format?: LogFormat;
  /** Get the lines as well, and of security events also those below the level. */
  readonly files?: LogFiles | undefined;
};

// Telegram puts the token into the URL, so it turns up in errors of every HTTP library: `/bot<id>:<secret>/method`.
// No word boundary in front: a line break before it stands in the line as `\n`, and so as a letter.
const botToken = /(bot)?\d{5,}:[A-Za-z0-9_-]{20,}/g;
const bearer = /(bearer)\s+[A-Za-z0-9._~+/=-]{8,}/gi;

const credentials = /\/\/[^\s/"\\]+@/g;

/** What there is of each of them in most lines: nothing. To look for all three costs as much as the line. */
const suspicious = /:[A-Za-z0-9_-]{20}|bearer\s|\/\/[^\s/"\\]+@/i;

/** The text without bot tokens, bearer tokens and the credentials of URLs. */
export function redact(text: string): string {
  if (!suspicious.test(text)) return text;
  return text.replace(botToken, "$1[redacted]").replace(bearer, "$1 [redacted]").replace(credentials, "//[redacted]@");
}

const secretNames: ReadonlySet<string> = new Set([
  "authorization",
  "x-api-key",
  "apiKey",
  "api_key",
  "key",
  "token",
  "secret",
  "hmacSecret",
]);

type Details = Readonly<Record<string, unknown>>;

/** Details without the values of secret names, at the first two levels. pino's own `redact` takes longer than the line. */
function withoutSecrets(details: Details, levels = 2): Details {
  let safe: Record<string, unknown> | undefined;
  for (const name of Object.keys(details)) {
    const value = details[name];
    const shown = secretNames.has(name)
      ? "[redacted]"
      : levels > 1 && isPlain(value)
        ? withoutSecrets(value, 1)
        : value;
    if (shown === value) continue;
    safe ??= { ...details };
    safe[name] = shown;
  }
  return safe ?? details;
}

function isPlain(value: unknown): value is Details {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Error);
}

let timeText = "";
let timeMs = 0;

/** As pino's `isoTime`; lines of one millisecond share their text. */
function isoTime(): string {
  const now = Date.now();
  if (now !== timeMs) {
    timeMs = now;
    timeText = `,"time":"${new Date(now).toISOString()}"`;
  }
  return timeText;
}

/** What each logger shows: its own level may be lower, for lines that files alone get. */
const shown = new WeakMap<object, { level: LogLevel; readonly hasFiles: boolean }>();

/**
 * Lines with a constant message and key/value details. Whole lines are redacted: a secret may be in any text. Nothing in a
 * value can end a line or begin another.
 */
export function createLogger({ level, service, destination, format = "json", files }: LoggerOptions): Logger {
  const showing = { level, hasFiles: files !== undefined };
  const options = {
    level: leastLevel(showing),
    base: { service: service.name, version: service.version, instance: service.instance },
    timestamp: isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: withoutSecrets },
    hooks: { streamWrite: (line: string) => withVisibleCharacters(redact(line)) },
  };
  const through = (output: DestinationStream) =>
    format === "json" && files === undefined ? output : logLines({ output, format, level: () => showing.level, files });
  const logger = destination === undefined ? stdoutLogger(options, through) : pino(options, through(destination));
  shown.set(logger, showing);
  return logger;
}

/** Security events are warnings, and a file gets them whatever is shown. */
function leastLevel({ level, hasFiles }: { readonly level: LogLevel; readonly hasFiles: boolean }): LogLevel {
  return hasFiles && (level === "error" || level === "fatal") ? "warn" : level;
}

/** The least important level that a logger shows. */
export function shownLevel(logger: object): LogLevel | undefined {
  return shown.get(logger)?.level;
}

/** Changes that level, of a logger that `createLogger` has made. */
export function showFrom(logger: Pick<Logger, "level">, level: LogLevel): void {
  const showing = shown.get(logger);
  if (showing === undefined) throw new Error("this logger was made elsewhere");
  showing.level = level;
  logger.level = leastLevel(showing);
}
