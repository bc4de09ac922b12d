/** Of the caller: the trace that a request belongs to, and the span that made it. */
export type Trace = { readonly trace_id: string; readonly parent_span_id: string };

/** W3C Trace Context, 3.2.2: version, trace, span, flags; all zeros name nothing. */
const form = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}$/;

/** What a `traceparent` tells; undefined for what has not its form. */
export function traceOf(traceparent: unknown): Trace | undefined {
  const [, trace_id, parent_span_id] = typeof traceparent === "string" ? (form.exec(traceparent) ?? []) : [];
  return trace_id === undefined || parent_span_id === undefined ? undefined : { trace_id, parent_span_id };
}
