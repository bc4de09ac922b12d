import type { Trace } from "../telemetry/trace.ts";
import type { RequestLogger } from "./method.ts";

/** The logger with the trace that a request belongs to: so a person finds the lines of one trace. */
export function traced(log: RequestLogger, trace: Trace | undefined): RequestLogger {
  if (trace === undefined) return log;
  const at =
    (level: keyof RequestLogger) =>
    (details: object, message?: string): void =>
      log[level]({ ...details, ...trace }, message);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
