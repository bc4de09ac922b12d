import type { TodoSession } from "../../../contract/todos.ts";
import { shownLine } from "../formatting/shown-text.ts";
import type { Asked, CommandContext } from "./command.ts";
import { bold, type ReplyLine, span } from "./reply-text.ts";

/** The sessions of all clients, or of the one that the person named. */
export function sessionsFor({ args }: Asked, { todos }: CommandContext): readonly TodoSession[] {
  return args === "" ? todos() : todos(args);
}

export function nothingLine({ args }: Asked): string {
  const whose = args === "" ? "No client" : `No client called ${shownLine(args).slice(0, 100).toWellFormed()}`;
  return `${whose} has registered todos. Programs do that with the tool register_claude_todos.`;
}

export function sessionHeading({ client, session_id, registered_at }: TodoSession, now: number): ReplyLine {
  const name = session_id === "default" ? shownLine(client) : `${shownLine(client)} / ${session_id}`;
  return bold(name, `, ${span((now - Date.parse(registered_at)) / 1000)} ago`);
}
