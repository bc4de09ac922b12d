import { badRequest } from "./api-error.ts";
import type { Parameters } from "./request-parameters.ts";

type Command = { readonly command: string; readonly description: string };

/** What a scope needs beside its type (Bot API, BotCommandScope). */
const SCOPES: Readonly<Record<string, readonly string[]>> = {
  default: [],
  all_private_chats: [],
  all_group_chats: [],
  all_chat_administrators: [],
  chat: ["chat_id"],
  chat_administrators: ["chat_id"],
  chat_member: ["chat_id", "user_id"],
};

/** The lists of commands of a bot, by scope and language. */
export class Commands {
  readonly #lists = new Map<string, readonly Command[]>();

  set({ commands, scope, language_code }: Parameters): boolean {
    if (!Array.isArray(commands)) throw badRequest("can't parse commands: expected an Array");
    if (commands.length > 100) throw badRequest("too many commands");
    const read = commands.map(commandOf);
    if (new Set(read.map(({ command }) => command)).size < read.length) throw badRequest("BOT_COMMAND_DUPLICATE");
    this.#lists.set(keyOf(scope, language_code), read);
    return true;
  }

  get({ scope, language_code }: Parameters): readonly Command[] {
    return this.#lists.get(keyOf(scope, language_code)) ?? [];
  }

  delete({ scope, language_code }: Parameters): boolean {
    this.#lists.delete(keyOf(scope, language_code));
    return true;
  }
}

/** Lengths are of UTF-16 units: where Telegram counts otherwise, it is more generous. */
function commandOf(value: unknown): Command {
  const { command, description } = { ...fieldsOf(value, "BotCommand") };
  if (typeof command !== "string" || !/^[a-z0-9_]{1,32}$/.test(command)) throw badRequest("BOT_COMMAND_INVALID");
  const isText = typeof description === "string" && description.length >= 1 && description.length <= 256;
  if (!isText || description.trim() === "") throw badRequest("BOT_COMMAND_DESCRIPTION_INVALID");
  return { command, description };
}

function keyOf(scope: unknown = { type: "default" }, language: unknown = ""): string {
  const given = fieldsOf(scope, "BotCommandScope");
  const needed = SCOPES[String(given.type)];
  if (needed === undefined) throw badRequest(`unsupported type of BotCommandScope "${given.type}"`);
  for (const name of needed) {
    if (!Number.isSafeInteger(given[name])) throw badRequest(`the scope has no usable ${name}`);
  }
  if (typeof language !== "string" || !/^([a-z]{2})?$/.test(language))
    throw badRequest("invalid language code specified");
  return JSON.stringify([given.type, ...needed.map((name) => given[name]), language]);
}

function fieldsOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw badRequest(`can't parse ${what}: expected an Object`);
}
