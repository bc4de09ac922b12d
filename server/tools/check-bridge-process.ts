import * as z from "zod";
import { fencedNote, pausedNote, reasonOf, stateOf } from "./bridge-process.ts";
import { readingAnnotations } from "./fields.ts";
import { defineTool } from "./tool.ts";

export const checkBridgeProcess = defineTool({
  name: "check_bridge_process",
  title: "Check the bridge's process",
  description:
    "Ask the Telegram bridge whether it runs and delivers: not while stop_bridge has stopped it, or its operator has fenced it.",
  permission: "check_bridge_process",
  rest: ["GET", "POST"],
  cost: 1,
  limit: 120,
  input: z.object({}),
  output: z.object({
    running: z.boolean(),
    message: z.string(),
    note: z.string().exactOptional().describe("Why it does not run: who stopped it, or why it does not answer"),
  }),
  annotations: readingAnnotations,
  async handler(_args, { bridge }) {
    try {
      const { paused, fenced } = await stateOf(bridge);
      if (fenced) return notRunning(fencedNote(fenced));
      return paused ? notRunning(pausedNote(paused)) : { running: true, message: "Bridge process is running" };
    } catch (error) {
      return notRunning(reasonOf(error));
    }
  },
});

const notRunning = (note: string) => ({ running: false, message: "Bridge process is not running", note });
