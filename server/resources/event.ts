import { ServerError } from "../../contract/errors.ts";
import { eventTopic } from "../../contract/relay.ts";
import { json, type ResourceTemplate } from "./resource.ts";

/** Where an event is; a client sees its own alone. */
export const eventTemplate: ResourceTemplate = {
  uriTemplate: "cctelegram://events/{event_id}",
  name: "event",
  title: "State of an event",
  description:
    "What became of a message: waiting with the reason, sent, or refused with Telegram's words. Only events of the same key's client are there.",
  mimeType: "application/json",
  topicOf: ({ event_id = "" }) => eventTopic(event_id),
  async read(uri, { event_id = "" }, { bridge, client }) {
    try {
      return json(uri, await bridge.eventStatus(event_id, client.name));
    } catch (error) {
      const isUnknown = error instanceof ServerError && error.code === "EVENT_NOT_FOUND";
      throw isUnknown ? new ServerError("RESOURCE_NOT_FOUND", { uri: uri.slice(0, 200) }, error) : error;
    }
  },
};
