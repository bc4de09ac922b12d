import { checkBridgeProcess } from "./check-bridge-process.ts";
import { getBridgeStatus } from "./get-bridge-status.ts";
import { getTaskStatus } from "./get-task-status.ts";
import { getTelegramResponses } from "./get-telegram-responses.ts";
import { listEventTypes } from "./list-event-types.ts";
import { processPendingResponses } from "./process-pending-responses.ts";
import { registerClaudeTodos } from "./register-claude-todos.ts";
import { sendApprovalRequest } from "./send-approval-request.ts";
import { sendPerformanceAlert } from "./send-performance-alert.ts";
import { sendTaskCompletion } from "./send-task-completion.ts";
import { sendTelegramEvent } from "./send-telegram-event.ts";
import { sendTelegramMessage } from "./send-telegram-message.ts";
import { switchToLocalMode } from "./switch-to-local-mode.ts";
import { switchToMuteMode } from "./switch-to-mute-mode.ts";
import { switchToNomadMode } from "./switch-to-nomad-mode.ts";
import { todo } from "./todo.ts";

/** What clients need for their work. The others stop everybody's, cannot be undone, or are for those who run the server. */
export const usualTools = Object.freeze([
  sendTelegramEvent,
  sendTelegramMessage,
  sendTaskCompletion,
  sendPerformanceAlert,
  sendApprovalRequest,
  getTelegramResponses,
  processPendingResponses,
  getBridgeStatus,
  checkBridgeProcess,
  listEventTypes,
  switchToNomadMode,
  switchToLocalMode,
  switchToMuteMode,
  getTaskStatus,
  registerClaudeTodos,
  todo,
]);
