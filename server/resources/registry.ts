import { approvalTemplate } from "./approval.ts";
import { bridgeStatusResource } from "./bridge-status.ts";
import { eventTemplate } from "./event.ts";
import { eventTemplatesResource } from "./event-templates.ts";
import { eventTypesResource } from "./event-types.ts";
import type { Resource, ResourceTemplate } from "./resource.ts";
import { responsesResource } from "./responses.ts";
import { sessionsResource } from "./sessions.ts";

/** Every resource of the product, in the order in which they are listed. */
export const resources: readonly Resource[] = [
  eventTypesResource,
  bridgeStatusResource,
  responsesResource,
  sessionsResource,
  eventTemplatesResource,
];

export const resourceTemplates: readonly ResourceTemplate[] = [eventTemplate, approvalTemplate];
