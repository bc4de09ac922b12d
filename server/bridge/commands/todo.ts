import type { Todo, TodoSession } from "../../../contract/todos.ts";
import { shownLine } from "../formatting/shown-text.ts";
import type { Command } from "./command.ts";
import { type ReplyLine, replyText } from "./reply-text.ts";
import { nothingLine, sessionHeading, sessionsFor } from "./todo-lines.ts";

const ICONS: Readonly<Record<Todo["status"], string>> = {
  in_progress: "🔄",
  blocked: "🚧",
  pending: "📋",
  completed: "✅",
};
const LONGEST_LINE = 200;
const COMPLETED_SHOWN = 5;

export const todo: Command = {
  name: "todo",
  description: "What the clients work on, and what comes next",
  argument: "client",
  who: "people",
  answer: (asked, context) => {
    const sessions = sessionsFor(asked, context);
    if (sessions.length === 0) return replyText([nothingLine(asked)]);
    return replyText(sessions.flatMap((session) => [sessionHeading(session, context.now()), ...items(session), ""]));
  },
};

/** What is being worked on first, and the last of what is done. */
function items({ todos }: TodoSession): readonly ReplyLine[] {
  const completed = todos.filter(({ status }) => status === "completed");
  const hidden = Math.max(0, completed.length - COMPLETED_SHOWN);
  const open = (["in_progress", "blocked", "pending"] as const).flatMap((wanted) =>
    todos.filter(({ status }) => status === wanted),
  );
  return [...[...open, ...completed.slice(hidden)].map(line), ...(hidden > 0 ? [`✅ ${hidden} more`] : [])];
}

function line({ status, content }: Todo): string {
  const text = shownLine(content);
  return `${ICONS[status]} ${text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE).toWellFormed()}…` : text}`;
}
