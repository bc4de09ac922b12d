import { responsesTopic } from "../../contract/relay.ts";
import { told } from "../tools/told-response.ts";
import { json, type Resource } from "./resource.ts";

const uri = "cctelegram://responses";
const NEWEST = 20;

/** A subscriber is notified whenever somebody said something, also in answer to another client; it reads its own alone. */
export const responsesResource: Resource = {
  uri,
  name: "responses",
  title: "Recent responses",
  description: `The newest ${NEWEST} things that people on Telegram answered to this client's messages, or wrote without answering any.`,
  mimeType: "application/json",
  permission: "get_telegram_responses",
  topic: responsesTopic,
  async read({ bridge, client }) {
    const { responses } = await bridge.responses({ client: client.name, limit: NEWEST });
    return json(uri, responses.map(told));
  },
};
