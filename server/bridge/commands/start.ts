import { shownLine } from "../formatting/shown-text.ts";
import type { Command } from "./command.ts";
import { bold, replyText } from "./reply-text.ts";

export const start: Command = {
  name: "start",
  description: "What this bot is, and your Telegram id",
  who: "people",
  isPublic: true,
  answer: ({ from }) =>
    replyText([
      bold(`Hello ${shownLine(from.first_name)}`.trimEnd()),
      "This bot brings you what programs send through CCTelegram. Answer a message, and the program that sent it gets your answer.",
      { type: "code", text: `${from.id}`, after: " is your Telegram id." },
      "/help lists the commands.",
    ]),
};
