import type { Logger } from "../../../operator/runtime/logger.ts";

export type LogEntry = { readonly level: keyof Logger; readonly message: string; readonly fields: object };

/** A logger that keeps its records. */
export function recordingLogger(): Logger & { readonly entries: LogEntry[] } {
  const entries: LogEntry[] = [];
  const at = (level: keyof Logger) => (fields: object, message: string) =>
    void entries.push({ level, message, fields });
  return { entries, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
