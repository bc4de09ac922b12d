import type { CallTrace } from "../../../contract/event.ts";
import type { EventCall } from "../queue/event.ts";

/** The call that an event came by; undefined when its server did not tell. */
export function callOf(trace: CallTrace | undefined, at: number): EventCall | undefined {
  return trace && { at, requestId: trace.request_id, traceId: trace.trace_id };
}
