import * as z from "zod";
import { controllingAnnotations, reasonOf, resumed } from "./bridge-process.ts";
import { defineTool } from "./tool.ts";

export const ensureBridgeRunning = defineTool({
  name: "ensure_bridge_running",
  title: "Ensure that the bridge runs",
  description: "Let the Telegram bridge deliver if stop_bridge has stopped it, and tell whether that was needed.",
  permission: "ensure_bridge_running",
  rest: ["POST"],
  cost: 1,
  input: z.object({}),
  output: z.object({
    success: z.boolean(),
    message: z.string(),
    action: z.enum(["already_running", "started", "failed"]),
  }),
  annotations: controllingAnnotations,
  async handler(_args, { bridge, client }) {
    try {
      return (await resumed(bridge, client.name))
        ? { success: true, message: "Bridge started successfully", action: "started" as const }
        : { success: true, message: "Bridge is already running", action: "already_running" as const };
    } catch (error) {
      return { success: false, message: `Failed to start bridge: ${reasonOf(error)}`, action: "failed" as const };
    }
  },
});
