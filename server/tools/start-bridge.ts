import * as z from "zod";
import { controllingAnnotations, fencedNote, reasonOf, resumed } from "./bridge-process.ts";
import { defineTool } from "./tool.ts";

export const startBridge = defineTool({
  name: "start_bridge",
  title: "Start the bridge",
  description: "Let the Telegram bridge deliver again after stop_bridge, with everything that was kept meanwhile.",
  permission: "start_bridge",
  rest: ["POST"],
  cost: 1,
  limit: 10,
  input: z.object({}),
  output: z.object({ success: z.boolean(), message: z.string() }),
  annotations: controllingAnnotations,
  async handler(_args, { bridge, client }) {
    try {
      const { changed, fenced } = await resumed(bridge, client.name);
      if (fenced) return { success: false, message: `Failed to start bridge: ${fencedNote(fenced)}` };
      return { success: true, message: changed ? "Bridge started successfully" : "Bridge is already running" };
    } catch (error) {
      return { success: false, message: `Failed to start bridge: ${reasonOf(error)}` };
    }
  },
});
