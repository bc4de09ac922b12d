import { type DestinationStream, type Logger, pino } from "pino";
import type { LogLevel } from "../../contract/log-levels.ts";
import { stdoutLogger } from "../../logging/stdout-logger.ts";

export type { Logger };

export type LoggerOptions = {
  readonly level: LogLevel;
  readonly service: { readonly name: string; readonly version: string; readonly instance: string };
  /** Where the lines go; stdout when not given. */
  readonly destination?: DestinationStream;
};

// Telegram puts the token into the URL, so it turns up in errors of every HTTP library: `/bot<id>:<secret>/method`.
const botToken = /\b(bot)?\d{5,}:[A-Za-z0-9_-]{20,}/g;
const bearer = /\b(bearer)\s+[A-Za-z0-9._~+/=-]{8,}/gi;

const credentials = /\/\/[^\s/"\\]+@/g;

/** The text without bot tokens, bearer tokens and the credentials of URLs. */
export function redact(text: string): string {
  return text.replace(botToken, "$1[redacted]").replace(bearer, "$1 [redacted]").replace(credentials, "//[redacted]@");
}

const secretNames = ["authorization", "x-api-key", "apiKey", "api_key", "key", "token", "secret", "hmacSecret"];

/** JSON lines with a constant message and key/value details. Whole lines are redacted: a secret may be in any text. */
export function createLogger({ level, service, destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service: service.name, version: service.version, instance: service.instance },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secretNames.flatMap((name) => [`["${name}"]`, `*["${name}"]`]), censor: "[redacted]" },
    hooks: { streamWrite: redact },
  };
  return destination === undefined ? stdoutLogger(options) : pino(options, destination);
}
