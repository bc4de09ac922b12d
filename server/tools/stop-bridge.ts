import * as z from "zod";
import { controllingAnnotations, pausedNote, reasonOf } from "./bridge-process.ts";
import { defineTool } from "./tool.ts";

export const stopBridge = defineTool({
  name: "stop_bridge",
  title: "Stop the bridge",
  description:
    "Stop all delivery to Telegram for everybody, also of requests for approval, until start_bridge. Messages are still accepted, and kept on disk.",
  permission: "stop_bridge",
  rest: ["POST"],
  cost: 1,
  limit: 10,
  input: z.object({}),
  output: z.object({
    success: z.boolean(),
    message: z.string(),
    note: z.string().exactOptional().describe("Who stopped delivery and since when, and what becomes of messages"),
  }),
  annotations: controllingAnnotations,
  async handler(_args, { bridge, client }) {
    try {
      const { changed, paused } = await bridge.control.pause(client.name);
      const message = changed ? "Stopped 1 bridge process(es)" : "Bridge is not running";
      return { success: true, message, ...(paused && { note: pausedNote(paused) }) };
    } catch (error) {
      return { success: false, message: `Failed to stop bridge: ${reasonOf(error)}` };
    }
  },
});
