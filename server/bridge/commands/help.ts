import type { Command } from "./command.ts";
import { bold, type ReplyLine, replyText } from "./reply-text.ts";

export const help: Command = {
  name: "help",
  description: "The commands that you may use",
  who: "people",
  isPublic: true,
  answer: ({ commands }) =>
    replyText([
      bold("Commands"),
      ...commands.map(line),
      "",
      "Everything else that you write is kept for the programs that use this bot. In a group, write the bot's name behind a command.",
    ]),
};

function line({ name, argument, description, aliases = [] }: Command): ReplyLine {
  const others = aliases.length === 0 ? "" : ` (also ${aliases.map((alias) => `/${alias}`).join(", ")})`;
  return `/${name}${argument === undefined ? "" : ` [${argument}]`} – ${description}${others}`;
}
