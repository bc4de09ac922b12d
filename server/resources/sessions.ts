import { sessionsTopic } from "../../contract/relay.ts";
import { json, type Resource } from "./resource.ts";

const uri = "cctelegram://sessions";

export const sessionsResource: Resource = {
  uri,
  name: "sessions",
  title: "Sessions",
  description:
    "The sessions of this client that people on Telegram can talk to: whether they are there, what waits for them, and which chats and topics are bound to them.",
  mimeType: "application/json",
  permission: "register_session",
  topicOf: ({ name }) => sessionsTopic(name),
  async read({ bridge, client }) {
    return json(uri, await bridge.sessions.list(client.name));
  },
};
