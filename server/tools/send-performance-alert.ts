import * as z from "zod";
import { sent, title } from "./fields.ts";
import { sendEvent, sendingAnnotations } from "./send-event.ts";
import { defineTool } from "./tool.ts";

export const sendPerformanceAlert = defineTool({
  name: "send_performance_alert",
  title: "Send a performance alert",
  description: "Tell people on Telegram that a measured value exceeds its threshold.",
  permission: "send_performance_alert",
  rest: ["POST"],
  cost: 1,
  input: z.object({
    title,
    current_value: z.number().describe("The value measured"),
    threshold: z.number().describe("The value that should not be exceeded"),
    severity: z.enum(["low", "medium", "high", "critical"]).default("medium").describe("How bad it is"),
  }),
  output: sent,
  annotations: sendingAnnotations,
  handler: ({ title, ...data }, context) =>
    sendEvent(
      {
        type: "performance_alert",
        title,
        description: `Performance threshold exceeded: ${title}`,
        source: "claude-code",
        data: {
          ...data,
          error_message: `${title} is ${data.current_value}, which exceeds threshold of ${data.threshold}`,
        },
      },
      "Performance alert",
      context,
    ),
});
