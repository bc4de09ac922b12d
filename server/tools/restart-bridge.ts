import * as z from "zod";
import { controllingAnnotations, fencedNote, pausedNote, reasonOf } from "./bridge-process.ts";
import { defineTool } from "./tool.ts";

export const restartBridge = defineTool({
  name: "restart_bridge",
  title: "Restart the bridge",
  description:
    "End the Telegram bridge when the requests under way are done, and wait until the next one answers. Nothing is lost; what stop_bridge has stopped stays stopped.",
  permission: "restart_bridge",
  rest: ["POST"],
  cost: 5,
  limit: 5,
  input: z.object({}),
  output: z.object({
    success: z.boolean(),
    message: z.string(),
    note: z.string().exactOptional().describe("Why it delivers nothing although it runs"),
  }),
  annotations: { ...controllingAnnotations, idempotentHint: false },
  async handler(_args, { bridge, client }) {
    try {
      const { paused, fenced } = await bridge.control.restart(client.name);
      const note = fenced ? fencedNote(fenced) : paused && pausedNote(paused);
      const message = "Restart successful: Bridge started successfully";
      return { success: true, message, ...(note !== undefined && { note }) };
    } catch (error) {
      return { success: false, message: `Restart failed: ${reasonOf(error)}` };
    }
  },
});
