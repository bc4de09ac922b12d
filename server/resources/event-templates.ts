import { toldEventTypes } from "../../contract/event-types.ts";
import { json, type Resource } from "./resource.ts";

const uri = "cctelegram://event-templates";

export const eventTemplatesResource: Resource = {
  uri,
  name: "event-templates",
  title: "Event templates",
  description: "For each type of event the arguments of send_telegram_event, to be filled in.",
  mimeType: "application/json",
  read: async () =>
    json(uri, { templates: toldEventTypes.map(({ type, description }) => template(type, description)) }),
};

function template(type: string, meaning: string) {
  return {
    tool: "send_telegram_event",
    arguments: { type, title: `${meaning}: <what>`, description: "<details>", task_id: "<task, optional>", data: {} },
  };
}
