import type * as z from "zod";
import type { Event } from "../../contract/event.ts";
import type { EventType } from "../../contract/event-types.ts";
import type { Priority } from "../../contract/priority.ts";
import type { sent } from "./fields.ts";
import type { ToolContext } from "./tool.ts";

export type Draft = {
  readonly type: EventType;
  readonly title: string;
  readonly description: string;
  readonly source: string;
  readonly taskId?: string | undefined;
  readonly data?: Record<string, unknown>;
  readonly priority?: Priority | undefined;
  /** Default: as long as it takes. */
  readonly ttlSeconds?: number | undefined;
};

/** Sends an event; `subject` begins the answer's text. Without a task of its own an event is its own task. */
export async function sendEvent(
  draft: Draft,
  subject: string,
  { bridge, client, clock, newId, trace, interaction }: ToolContext,
): Promise<z.output<typeof sent>> {
  const id = newId();
  const session = interaction.session?.name;
  const event: Event = {
    event_id: id,
    type: draft.type,
    source: draft.source,
    client: client.name,
    timestamp: new Date(clock()).toISOString(),
    task_id: draft.taskId ?? id,
    title: draft.title,
    description: draft.description,
    data: draft.data ?? {},
    ...(draft.priority && { priority: draft.priority }),
    ...(draft.ttlSeconds !== undefined && { ttl_seconds: draft.ttlSeconds }),
    // What people answer goes to it.
    ...(session !== undefined && { session }),
    ...(trace && { trace }),
  };
  const { event_id, warnings = [] } = await bridge.send(event);
  const message = `${subject} sent successfully. Event ID: ${event_id}`;
  return { success: true, event_id, message, ...(warnings.length > 0 && { warning: warnings.join(" ") }) };
}

/** Annotations of tools that send: nothing is destroyed, but each call is one more message in the outer world. */
export const sendingAnnotations = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: false,
  openWorldHint: true,
} as const;
