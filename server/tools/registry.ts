import { checkBridgeProcess } from "./check-bridge-process.ts";
import { clearOldResponses } from "./clear-old-responses.ts";
import { downloadAttachment } from "./download-attachment.ts";
import { dropDeadLetter } from "./drop-dead-letter.ts";
import { editMessage } from "./edit-message.ts";
import { ensureBridgeRunning } from "./ensure-bridge-running.ts";
import { getBridgeStatus } from "./get-bridge-status.ts";
import { getTaskStatus } from "./get-task-status.ts";
import { getTelegramResponses } from "./get-telegram-responses.ts";
import { liftBan } from "./lift-ban.ts";
import { listBans } from "./list-bans.ts";
import { listDeadLetters } from "./list-dead-letters.ts";
import { listEventTypes } from "./list-event-types.ts";
import { pairPerson } from "./pair-person.ts";
import { processPendingResponses } from "./process-pending-responses.ts";
import { react } from "./react.ts";
import { registerClaudeTodos } from "./register-claude-todos.ts";
import { registerSession } from "./register-session.ts";
import { reply } from "./reply.ts";
import { restartBridge } from "./restart-bridge.ts";
import { retryDeadLetter } from "./retry-dead-letter.ts";
import { sendApprovalRequest } from "./send-approval-request.ts";
import { sendPerformanceAlert } from "./send-performance-alert.ts";
import { sendTaskCompletion } from "./send-task-completion.ts";
import { sendTelegramEvent } from "./send-telegram-event.ts";
import { sendTelegramMessage } from "./send-telegram-message.ts";
import { startBridge } from "./start-bridge.ts";
import { stopBridge } from "./stop-bridge.ts";
import { switchToLocalMode } from "./switch-to-local-mode.ts";
import { switchToMuteMode } from "./switch-to-mute-mode.ts";
import { switchToNomadMode } from "./switch-to-nomad-mode.ts";
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
    sendApprovalRequest,
    getTelegramResponses,
    processPendingResponses,
    clearOldResponses,
    registerSession,
    reply,
    react,
    editMessage,
    downloadAttachment,
    pairPerson,
    getBridgeStatus,
    listEventTypes,
    startBridge,
    stopBridge,
    restartBridge,
    ensureBridgeRunning,
    checkBridgeProcess,
    switchToNomadMode,
    switchToLocalMode,
    switchToMuteMode,
    getTaskStatus,
    registerClaudeTodos,
    todo,
    listDeadLetters,
    retryDeadLetter,
    dropDeadLetter,
    listBans,
    liftBan,
  ].map((tool) => [tool.name, tool]),
);
