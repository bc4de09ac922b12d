import { badRequest } from "./api-error.ts";
import type { Parameters } from "./request-parameters.ts";

type Command = { readonly command: string; readonly description: string };

/** The lists of commands of a bot, by scope and language. */
export class Commands {
  readonly #lists = new Map<string, readonly Command[]>();

  set({ commands, scope, language_code }: Parameters): boolean {
    if (!Array.isArray(commands)) throw badRequest("can't parse commands: expected an Array");
    if (commands.length > 100) throw badRequest("too many commands");
    for (const { command, description } of commands) {
      if (!/^[a-z0-9_]{1,32}$/.test(String(command))) throw badRequest("BOT_COMMAND_INVALID");
      const { length } = String(description ?? "");
      if (length < 1 || length > 256) throw badRequest("BOT_COMMAND_DESCRIPTION_INVALID");
    }
    this.#lists.set(keyOf(scope, language_code), commands);
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

function keyOf(scope: unknown, language: unknown): string {
  return JSON.stringify([scope ?? { type: "default" }, language ?? ""]);
}
