import { getBridgeStatus } from "./get-bridge-status.ts";
import { sendPerformanceAlert } from "./send-performance-alert.ts";
import { sendTelegramEvent } from "./send-telegram-event.ts";
import { sendTelegramMessage } from "./send-telegram-message.ts";
import type { Tool } from "./tool.ts";

/** Tools by name, in the order in which they are listed. */
export type ToolRegistry = ReadonlyMap<string, Tool>;

/** Every tool of the product. MCP, REST, permissions and metrics all derive from this list. */
export const tools: ToolRegistry = new Map(
  [sendTelegramEvent, sendTelegramMessage, sendPerformanceAlert, getBridgeStatus].map((tool) => [tool.name, tool]),
);
