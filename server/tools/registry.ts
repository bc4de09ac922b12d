import { clearOldResponses } from "./clear-old-responses.ts";
import { getBridgeStatus } from "./get-bridge-status.ts";
import { getTaskStatus } from "./get-task-status.ts";
import { getTelegramResponses } from "./get-telegram-responses.ts";
import { listEventTypes } from "./list-event-types.ts";
import { processPendingResponses } from "./process-pending-responses.ts";
import { registerClaudeTodos } from "./register-claude-todos.ts";
import { sendPerformanceAlert } from "./send-performance-alert.ts";
import { sendTaskCompletion } from "./send-task-completion.ts";
import { sendTelegramEvent } from "./send-telegram-event.ts";
import { sendTelegramMessage } from "./send-telegram-message.ts";
import { todo } from "./todo.ts";
import type { Tool } from "./tool.ts";

/** Tools by name, in the order in which they are listed. */
export type ToolRegistry = ReadonlyMap<string, Tool>;

/** Every tool of the product. MCP, REST, permissions and metrics all derive from this list. */
export const tools: ToolRegistry = new Map(
  [
    sendTelegramEvent,
    sendTelegramMessage,
    sendTaskCompletion,
    sendPerformanceAlert,
    getTelegramResponses,
    processPendingResponses,
    clearOldResponses,
    getBridgeStatus,
    listEventTypes,
    getTaskStatus,
    registerClaudeTodos,
    todo,
  ].map((tool) => [tool.name, tool]),
);
