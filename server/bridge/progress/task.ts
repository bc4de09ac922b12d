import type { Event } from "../../../contract/event.ts";
import { eventTypeOf } from "../../../contract/event-types.ts";
import type { NewEvent } from "../queue/event.ts";

/** What an event says of its task; undefined when it says nothing of how far it is, or has no task but itself. */
export function taskOf({
  type,
  task_id: id,
  event_id,
}: Pick<Event, "type" | "task_id" | "event_id">): NewEvent["task"] {
  const phase = eventTypeOf(type)?.phase;
  return phase === undefined || id === event_id ? undefined : { id, phase };
}
