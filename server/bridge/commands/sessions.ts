import type { Session } from "../../../contract/sessions.ts";
import { shownLine } from "../formatting/shown-text.ts";
import type { Asked, Command, CommandContext } from "./command.ts";
import { bold, type ReplyLine, replyText, span } from "./reply-text.ts";

const SESSIONS_SHOWN = 20;

export const sessions: Command = {
  name: "sessions",
  description: "The sessions that listen, and what is bound to them",
  who: "people",
  answer: (asked, context) => replyText(lines(asked, context)),
};

function lines({ chatId, topic }: Asked, context: CommandContext): ReplyLine[] {
  const known = context.sessions(SESSIONS_SHOWN);
  if (known.length === 0) return ["No session is known. A program registers one with the tool register_session."];
  const isHere = (place: Session["bound"][number]) => place.chat_id === chatId && place.topic === (topic ?? null);
  return [
    bold(known.length === 1 ? "1 session" : `${known.length} sessions`),
    ...known.flatMap((session) => described(session, session.bound.some(isHere), context.now())),
    "",
    "/bind NAME lets one hear what is said here; an answer to its message always reaches it.",
  ];
}

function described(
  { name, client, state, heard_at, waiting, bound }: Session,
  hearsThis: boolean,
  now: number,
): ReplyLine[] {
  const since = state === "here" ? "here" : `away for ${span((now - Date.parse(heard_at)) / 1000)}`;
  const waits = waiting === 0 ? "" : `, ${waiting} waiting`;
  const places = bound.map(({ chat_id, topic }) => (topic === null ? `${chat_id}` : `${chat_id} topic ${topic}`));
  const heard = hearsThis ? ["  hears what is said here"] : [];
  return [
    bold(name, ` (${shownLine(client)}): ${since}${waits}`),
    ...heard,
    ...(places.length === 0 ? [] : [`  bound to ${places.join(", ")}`]),
  ];
}
