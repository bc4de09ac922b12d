import type { Logger } from "../../../operator/runtime/logger.ts";

export type LogEntry = {
  readonly level: keyof Logger;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
};

/** A logger that keeps its records; `mixin` adds fields, as pino's does. */
export function recordingLogger(mixin: () => object = () => ({})): Logger & { readonly entries: LogEntry[] } {
  const entries: LogEntry[] = [];
  const at = (level: keyof Logger) => (fields: object, message: string) =>
    void entries.push({ level, message, fields: { ...mixin(), ...fields } });
  return { entries, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
