import type { FormattedText } from "../formatting/formatted-text.ts";
import type { Person } from "../receiving/update.ts";
import type { Asked, Command, CommandContext } from "./command.ts";
import { commandTable } from "./table.ts";

export type CommandsOptions = {
  readonly context: CommandContext;
  /** Telegram ids of the administrators; none: everybody who may talk to the bot is one. */
  readonly admins: readonly number[];
  /** Those of the configuration: whoever was paired is no administrator. */
  readonly people: ReadonlySet<number>;
  /** The chats that get every message: what a command tells may be read there. */
  readonly recipients: readonly number[];
  readonly table?: readonly Command[];
};

/** Somebody who may talk to the bot gave a command. */
export type Given = {
  readonly from: Person;
  readonly chatId: number;
  /** Of a group in which it was given. */
  readonly topic?: number;
  readonly name: string;
  readonly args: string;
};

/** What came of a command, for the audit log. */
export type CommandRecord = {
  /** Of the table; undefined for an unknown one. */
  readonly command: string | undefined;
  /** elsewhere: the group is none that gets messages. */
  readonly outcome: "answered" | "unknown" | "admins_only" | "elsewhere" | "too_many";
  readonly userId: number;
  readonly chatId: number;
};

export type Answered = {
  /** Undefined: the person asks faster than Telegram lets a bot answer. */
  readonly said?: FormattedText;
  readonly record: CommandRecord;
  readonly afterwards?: () => void;
};

/** Answers that may wait for a chat; the last one asks for patience. */
const ANSWERS_WAITING = 5;

/** Finds the command and who may give it. */
export class Commands {
  readonly #options: CommandsOptions;
  readonly #table: readonly Command[];

  constructor(options: CommandsOptions) {
    this.#options = options;
    this.#table = options.table ?? commandTable;
  }

  /** `waiting`: earlier answers that have not left yet. */
  answer(given: Given, waiting: number): Answered {
    const { from, chatId, name } = given;
    const command = this.#table.find((each) => each.name === name || each.aliases?.includes(name));
    const record = (outcome: CommandRecord["outcome"]) => {
      return { record: { command: command?.name, outcome, userId: from.id, chatId } };
    };
    if (waiting >= ANSWERS_WAITING) return record("too_many");
    if (waiting === ANSWERS_WAITING - 1) return { said: plain(PATIENCE), ...record("too_many") };
    if (command === undefined) return { said: unknown(name), ...record("unknown") };
    if (!this.#may(from.id, command)) return { said: plain(ADMINS_ONLY), ...record("admins_only") };
    if (!this.#isFor(chatId, command)) return { said: elsewhere(chatId), ...record("elsewhere") };
    const { context } = this.#options;
    const asked: Asked = {
      from,
      chatId,
      topic: given.topic,
      isAdmin: this.#isAdmin(from.id),
      args: given.args,
      commands: this.#table.filter((row) => this.#may(from.id, row)),
    };
    const said = command.answer(asked, context);
    const { afterwards } = command;
    return { said, ...record("answered"), ...(afterwards && { afterwards: () => afterwards(asked, context) }) };
  }

  #may(userId: number, { who }: Command): boolean {
    return who === "people" || this.#isAdmin(userId);
  }

  #isAdmin(userId: number): boolean {
    const { admins, people } = this.#options;
    return admins.length === 0 ? people.has(userId) : admins.includes(userId);
  }

  /** A group may have members who are not on the list. */
  #isFor(chatId: number, { isPublic }: Command): boolean {
    return isPublic === true || chatId > 0 || this.#options.recipients.includes(chatId);
  }
}

const PATIENCE =
  "You ask faster than Telegram lets a bot answer. What you send before you have the other answers is not done.";
const ADMINS_ONLY = "Only administrators of this bot may use that command.";

const plain = (text: string): FormattedText => ({ text, entities: [] });

function unknown(name: string): FormattedText {
  return plain(
    `There is no command /${name}. /help lists those that there are. To answer a program, write without a slash.`,
  );
}

function elsewhere(chatId: number): FormattedText {
  const id = String(chatId);
  const text = `Ask me in our private chat: others read along here, and this group gets no messages of mine. Its id, for an administrator who wants to change that: ${id}`;
  return { text, entities: [{ type: "code", offset: text.length - id.length, length: id.length }] };
}
