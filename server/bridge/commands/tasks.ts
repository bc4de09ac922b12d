import type { TodoSession } from "../../../contract/todos.ts";
import type { Command } from "./command.ts";
import { type ReplyLine, replyText } from "./reply-text.ts";
import { nothingLine, sessionHeading, sessionsFor } from "./todo-lines.ts";

const BAR = 10;

export const tasks: Command = {
  name: "tasks",
  description: "How far the clients are with what they have to do",
  argument: "client",
  who: "people",
  answer: (asked, context) => {
    const sessions = sessionsFor(asked, context);
    if (sessions.length === 0) return replyText([nothingLine(asked)]);
    return replyText(sessions.flatMap((session) => [sessionHeading(session, context.now()), ...progress(session), ""]));
  },
};

function progress({ todos }: TodoSession): readonly ReplyLine[] {
  const count = (wanted: string) => todos.filter(({ status }) => status === wanted).length;
  const done = count("completed");
  const filled = Math.floor((done / todos.length) * BAR);
  const others = [
    ["🔄", count("in_progress")],
    ["📋", count("pending")],
    ["🚧", count("blocked")],
  ] as const;
  return [
    `${"▓".repeat(filled)}${"░".repeat(BAR - filled)} ${done} of ${todos.length}`,
    ["✅ ", `${done}`, ...others.flatMap(([icon, n]) => (n > 0 ? [` ${icon} ${n}`] : []))].join(""),
  ];
}
