import { shownLine } from "../formatting/shown-text.ts";
import type { Command, CommandContext, OpenApproval } from "./command.ts";
import { bold, type ReplyLine, replyText, span } from "./reply-text.ts";

const SHOWN = 10;

export const approvals: Command = {
  name: "approvals",
  description: "What waits for a decision, and for how long",
  who: "people",
  answer: (_asked, context) => replyText(lines(context)),
};

function lines({ openApprovals, now }: CommandContext): ReplyLine[] {
  const open = openApprovals(SHOWN + 1);
  if (open.length === 0) return [bold("Nothing waits for a decision")];
  return [
    bold("These wait for a decision"),
    ...open.slice(0, SHOWN).map((approval) => approvalLine(approval, now())),
    ...(open.length > SHOWN ? ["• and more"] : []),
    "",
    "Decide by the buttons under the message that asks.",
  ];
}

function approvalLine({ title, client, votes, required, expiresAt }: OpenApproval, now: number): string {
  const far = required > 1 ? `, ${votes} of ${required}` : "";
  return `• ${shownLine(title)} (${shownLine(client)}${far}), ${span(Math.max(0, (expiresAt - now) / 1000))} left`;
}
