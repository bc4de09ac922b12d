import { toldEventTypes } from "../../contract/event-types.ts";
import { json, type Resource } from "./resource.ts";

const uri = "cctelegram://event-types";

export const eventTypesResource: Resource = {
  uri,
  name: "event-types",
  title: "Event types",
  description: "The types of event that send_telegram_event takes, by category.",
  mimeType: "application/json",
  read: async () => json(uri, { event_types: toldEventTypes }),
};
