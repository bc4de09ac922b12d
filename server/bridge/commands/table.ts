import type { Command } from "./command.ts";
import { help } from "./help.ts";
import { queue } from "./queue.ts";
import { start } from "./start.ts";
import { status } from "./status.ts";
import { tasks } from "./tasks.ts";
import { todo } from "./todo.ts";

/** Every command of the bot, in the order of its menu. Menu, /help and rights derive from this list. */
export const commandTable: readonly Command[] = [status, queue, tasks, todo, help, start];
