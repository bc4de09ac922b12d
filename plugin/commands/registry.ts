import { approvalsList, approvalsWithdraw } from "./approvals.ts";
import { backup } from "./backup.ts";
import { bansLift, bansList } from "./bans.ts";
import type { Command } from "./command.ts";
import { completion } from "./completion.ts";
import { connect } from "./connect.ts";
import { drain } from "./drain.ts";
import { events } from "./events.ts";
import { hibernate, wake } from "./hibernate.ts";
import { keysConfig } from "./keys-config.ts";
import { keysCreate } from "./keys-create.ts";
import { keysList } from "./keys-list.ts";
import { keysRevoke } from "./keys-revoke.ts";
import { keysRotate } from "./keys-rotate.ts";
import { logs } from "./logs.ts";
import { pair } from "./pair.ts";
import { pauseDelivery, pauseReconciliation, resumeDelivery, resumeReconciliation } from "./pause.ts";
import { promote } from "./promote.ts";
import { queueDrop, queueList, queueRetry } from "./queue.ts";
import { report } from "./report.ts";
import { restore } from "./restore.ts";
import { send } from "./send.ts";
import { status } from "./status.ts";
import { rollback, undo } from "./undo.ts";

/** Commands that only have others under them. */
export const groups: readonly { readonly path: string; readonly summary: string }[] = [
  { path: "keys", summary: "Look at clients and their keys, and change them" },
  { path: "approvals", summary: "Look at what people are asked to decide" },
  { path: "queue", summary: "Look at what waits, and at messages that Telegram refused" },
  { path: "bans", summary: "Look at who is refused, and end it" },
  { path: "pause", summary: "Stop delivery to Telegram, or the operator's work on a resource" },
  { path: "resume", summary: "Let it go on" },
];

/** All commands, in the order of help and reference. */
export const commands: readonly Command[] = [
  ...[status, logs, events, report],
  ...[keysList, keysCreate, keysRotate, keysRevoke, keysConfig],
  ...[send, connect],
  ...[queueList, queueRetry, queueDrop, approvalsList, approvalsWithdraw, bansList, bansLift, pair],
  ...[pauseDelivery, pauseReconciliation, resumeDelivery, resumeReconciliation, drain, hibernate, wake],
  ...[promote, rollback, undo, backup, restore],
  completion,
];
