import type { BridgeStatus } from "../../../contract/bridge-status.ts";
import type { Command } from "./command.ts";
import { bold, type ReplyLine, replyText, span } from "./reply-text.ts";

const ICONS: Readonly<Record<BridgeStatus["health"], string>> = { healthy: "💚", degraded: "⚠️", unhealthy: "❌" };

export const status: Command = {
  name: "status",
  description: "Whether messages arrive and answers are heard",
  who: "people",
  answer: (_asked, context) => replyText(lines(context.status())),
};

function lines({ health, telegram, receiving, queue, refusals, waiting, metrics, ...rest }: BridgeStatus): ReplyLine[] {
  return [
    bold(`${ICONS[health]} The bridge is ${health}`),
    telegram.reachable ? "Telegram: answers" : `Telegram: not reachable: ${telegram.error ?? "unknown reason"}`,
    ...receivingLines(receiving),
    `Waiting: ${messages(queue.pending)} of at most ${queue.limit}`,
    ...(queue.usable ? [] : [`The queue cannot write: ${queue.error ?? "unknown reason"}`]),
    ...(waiting === undefined ? [] : [`Waits: ${waiting.reason}`]),
    ...(refusals.length === 0 ? [] : [`Chats that refuse messages: ${refusals.length} (/queue)`]),
    `Sent since the start: ${metrics.telegram_messages_sent}`,
    `Version ${rest.version}, up for ${span(rest.uptime_seconds)}`,
  ];
}

function receivingLines(receiving: BridgeStatus["receiving"]): readonly string[] {
  if (receiving?.error === undefined) return [];
  return [`Answers are not heard: ${receiving.error}`, ...(receiving.hint === undefined ? [] : [receiving.hint])];
}

const messages = (count: number) => (count === 1 ? "1 message" : `${count} messages`);
