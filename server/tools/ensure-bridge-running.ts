import * as z from "zod";
import { controllingAnnotations, fencedNote, reasonOf, resumed } from "./bridge-process.ts";
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
      const { changed, fenced } = await resumed(bridge, client.name);
      if (fenced) return failed(fencedNote(fenced));
      return changed
        ? { success: true, message: "Bridge started successfully", action: "started" as const }
        : { success: true, message: "Bridge is already running", action: "already_running" as const };
    } catch (error) {
      return failed(reasonOf(error));
    }
  },
});

const failed = (reason: string) => ({
  success: false,
  message: `Failed to start bridge: ${reason}`,
  action: "failed" as const,
});
