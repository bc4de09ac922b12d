/** A text that begins with a slash and a word. */
export type CommandLine = {
  /** In lower case, without the slash. */
  readonly name: string;
  /** The bot's user name behind it, in lower case. */
  readonly bot?: string;
  readonly args: string;
};

/** Telegram's commands have 32 letters at most; those of co8/cctelegram have a colon in them. */
const COMMAND = /^\/([a-z0-9_]{1,32}(?::[a-z0-9_]{1,32})?)(?:@([a-z0-9_]{1,32}))?(?:\s+(\S[\s\S]*)?)?$/i;

/** Undefined for every other text, such as a path. Pure. */
export function commandLine(text: string): CommandLine | undefined {
  const [, name, bot, args = ""] = COMMAND.exec(text) ?? [];
  if (name === undefined) return undefined;
  return { name: name.toLowerCase(), ...(bot !== undefined && { bot: bot.toLowerCase() }), args: args.trim() };
}
