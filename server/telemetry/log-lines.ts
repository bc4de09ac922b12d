import type { DestinationStream } from "pino";
import { type LogLevel, logLevels } from "../../contract/log-levels.ts";
import { AUDIT_MESSAGE } from "./audit.ts";
import { detailsOf, type Entry, shown, textOf, withVisibleCharacters } from "./log-text.ts";

export const logFormats = ["json", "text"] as const;

export type LogFormat = (typeof logFormats)[number];

/** Where lines are kept besides. */
export type LogFiles = {
  readonly application: DestinationStream;
  readonly security: DestinationStream;
  /** Absent: audit records go to the output alone. */
  readonly audit?: DestinationStream | undefined;
};

type LogLinesOptions = {
  readonly output: DestinationStream;
  readonly format: LogFormat;
  /** Least important level that is handed on, as it is now. */
  readonly level: () => LogLevel;
  readonly files: LogFiles | undefined;
};

/** Hands the lines of a logger on: to the output in its format, to the files in theirs. */
export function logLines({ output, format, level, files }: LogLinesOptions): DestinationStream {
  const show = (line: string) => void output.write(format === "json" ? line : `${textOf(JSON.parse(line))}\n`);
  return {
    write(line) {
      if (line.endsWith(auditEnding)) {
        files?.audit?.write(line);
        return show(line);
      }
      const security = files && securityLine(line);
      if (security) files.security.write(`${security}\n`);
      if (logLevels.indexOf(levelOf(line)) < logLevels.indexOf(level())) return;
      files?.application.write(applicationLine(line));
      show(line);
    },
  };
}

/** The message is the last of a line, and no value can end like this: its quotes would be escaped, or its brace be inside. */
const auditEnding = `,"msg":"${AUDIT_MESSAGE}"}\n`;

const beginning = '{"level":"';

/** Every line begins with it. */
function levelOf(line: string): LogLevel {
  return line.slice(beginning.length, line.indexOf('"', beginning.length)) as LogLevel;
}

const elsewhere: ReadonlySet<string> = new Set(["level", "time", "msg", "event", "client_ip", "version"]);

/** A security event as text, with event and address where fail2ban looks for them; undefined for any other line. */
function securityLine(line: string): string | undefined {
  if (!line.includes('"msg":"SECURITY ')) return undefined;
  const entry = JSON.parse(line) as Entry;
  const { time, msg, event, client_ip } = entry;
  if (typeof event !== "string" || !`${msg}`.startsWith(`SECURITY ${event} client_ip=`)) return undefined;
  return `${time} SECURITY ${shown(event)} client_ip=${shown(client_ip)}${detailsOf(entry, elsewhere)}`;
}

/** JSON in which the fourth word is the duration, if there is one: so `awk '{print $4}'` finds it. */
function applicationLine(line: string): string {
  if (!line.includes('"duration_ms":')) return line;
  const { time, duration_ms, ...rest } = JSON.parse(line) as Entry;
  if (typeof duration_ms !== "number") return line;
  const others = withVisibleCharacters(JSON.stringify(rest)).slice(1);
  return `{"time": ${JSON.stringify(time)}, "duration_ms": ${duration_ms}, ${others}\n`;
}
