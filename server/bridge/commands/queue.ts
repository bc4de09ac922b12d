import type { BridgeStatus, Refusal } from "../../../contract/bridge-status.ts";
import { shownLine } from "../formatting/shown-text.ts";
import { BRIDGE_ITSELF } from "../queue/message.ts";
import type { Command, CommandContext } from "./command.ts";
import { bold, type ReplyLine, replyText, span } from "./reply-text.ts";

const CLIENTS_SHOWN = 20;
const REFUSALS_SHOWN = 10;

export const queue: Command = {
  name: "queue",
  description: "What waits to be sent, and why",
  who: "people",
  answer: (_asked, context) => replyText(lines(context)),
};

function lines({ status, waitingByClient }: CommandContext): ReplyLine[] {
  const { queue: state, waiting, refusals } = status();
  const clients = waitingByClient().filter(({ client }) => client !== BRIDGE_ITSELF);
  return [
    ...(state.pending === 0 ? [bold("Nothing waits")] : [waitingLine(state), reasonLine(waiting)]),
    ...clients.slice(0, CLIENTS_SHOWN).map(({ client, messages }) => `• ${shownLine(client)}: ${messages}`),
    ...(clients.length > CLIENTS_SHOWN ? [`• ${clients.length - CLIENTS_SHOWN} more clients`] : []),
    ...(refusals.length === 0 ? [] : ["", bold("Chats that refuse messages")]),
    ...refusals.slice(0, REFUSALS_SHOWN).map(refusalLine),
    ...(state.failed === 0 ? [] : ["", `Messages that Telegram refused for good: ${state.failed}`]),
  ];
}

function waitingLine({ pending, oldest_age_seconds: age }: BridgeStatus["queue"]): ReplyLine {
  return bold(pending === 1 ? "1 message waits" : `${pending} messages wait`, `, the oldest for ${span(age)}`);
}

function reasonLine(waiting: BridgeStatus["waiting"]): string {
  if (waiting === undefined) return "They are being sent, as fast as Telegram allows.";
  return `${waiting.reason}; next try at ${waiting.until.slice(11, 19)} UTC`;
}

function refusalLine({ chat_id, reason, hint, messages }: Refusal): string {
  return `• ${chat_id}: ${reason} (${messages})${hint === undefined ? "" : ` ${hint}`}`;
}
