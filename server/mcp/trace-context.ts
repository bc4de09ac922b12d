import type { RequestLogger } from "./method.ts";

/** W3C Trace Context, 3.2.2: version, trace, span, flags; all zeros name nothing. */
const form = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}$/;

/**
 * The logger with the trace that a request belongs to, as `traceparent` in its `_meta` tells (MCP 2026-07-28, OpenTelemetry
 * trace context): so a person finds the lines of one trace. What has not its form is left out.
 */
export function traced(log: RequestLogger, traceparent: unknown): RequestLogger {
  const [trace_id, span_id] = idsOf(traceparent);
  if (trace_id === undefined) return log;
  const at =
    (level: keyof RequestLogger) =>
    (details: object, message?: string): void =>
      log[level]({ ...details, trace_id, parent_span_id: span_id }, message);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** The trace that a request belongs to; undefined for what has not the form. */
export const traceIdOf = (traceparent: unknown): string | undefined => idsOf(traceparent)[0];

function idsOf(traceparent: unknown): readonly (string | undefined)[] {
  return typeof traceparent === "string" ? (form.exec(traceparent)?.slice(1) ?? []) : [];
}
