import { json, type Resource } from "./resource.ts";

const uri = "cctelegram://bridge-status";

export const bridgeStatusResource: Resource = {
  uri,
  name: "bridge-status",
  title: "Status of the bridge",
  description: "Whether the Telegram bridge runs, how healthy it is, and what waits for delivery.",
  mimeType: "application/json",
  permission: "get_bridge_status",
  topic: "status",
  read: async ({ bridge }) => json(uri, await bridge.status()),
};
