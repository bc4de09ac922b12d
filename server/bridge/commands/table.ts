import { approvals } from "./approvals.ts";
import { bind, unbind } from "./bind.ts";
import { bridge, restart } from "./bridge.ts";
import type { Command } from "./command.ts";
import { help } from "./help.ts";
import { modeCommands } from "./modes.ts";
import { pair, unpair } from "./pair.ts";
import { queue } from "./queue.ts";
import { sessions } from "./sessions.ts";
import { start } from "./start.ts";
import { status } from "./status.ts";
import { tasks } from "./tasks.ts";
import { todo } from "./todo.ts";

/** Every command of the bot, in the order of its menu. Menu, /help and rights derive from this list. */
export const commandTable: readonly Command[] = [
  status,
  queue,
  approvals,
  tasks,
  todo,
  sessions,
  bind,
  unbind,
  ...modeCommands,
  bridge,
  restart,
  pair,
  unpair,
  help,
  start,
];
