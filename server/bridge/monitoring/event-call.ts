import type { Event } from "../../../contract/event.ts";
import type { EventCall } from "../queue/queue.ts";

/** The call that an event came by; undefined when its server did not tell. */
export function callOf({ trace, timestamp }: Event): EventCall | undefined {
  if (trace === undefined) return undefined;
  return { at: Date.parse(timestamp), requestId: trace.request_id, traceId: trace.trace_id };
}
