import { isDeepStrictEqual } from "node:util";
import type { Logger } from "../../telemetry/logger.ts";
import { backoffMs } from "../pacing/backoff.ts";
import type { Problem } from "../telegram/problem.ts";
import type { TelegramClient } from "../telegram/telegram-client.ts";
import type { Command } from "./command.ts";
import { commandTable } from "./table.ts";

export type CommandMenuOptions = {
  readonly telegram: Pick<TelegramClient, "ask" | "botId">;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  readonly table?: readonly Pick<Command, "name" | "description">[];
};

/** The list of commands that Telegram shows: it is told once for each token, and again until that has worked. */
export class CommandMenu {
  readonly #options: CommandMenuOptions;
  readonly #commands: readonly { readonly command: string; readonly description: string }[];
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #told: number | undefined;
  #isAsking = false;
  #attempts = 0;

  constructor(options: CommandMenuOptions) {
    this.#options = options;
    const table = options.table ?? commandTable;
    this.#commands = table.map(({ name: command, description }) => ({ command, description }));
  }

  /** Telegram answers. */
  refresh(): void {
    const { botId } = this.#options.telegram;
    if (this.#isAsking || botId === undefined || botId === this.#told || this.#stop.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#isAsking = true;
    void this.#tell(botId).then((problem) => {
      this.#isAsking = false;
      if (!this.#stop.signal.aborted) this.#conclude(botId, problem);
    });
  }

  /** The token is another one, perhaps of another bot. */
  restart(): void {
    this.#told = undefined;
    this.refresh();
  }

  stop(): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
  }

  async #tell(botId: number): Promise<Problem | undefined> {
    const { telegram } = this.#options;
    const { signal } = this.#stop;
    const known = await telegram.ask((api) => api.getMyCommands({}, signal));
    if ("problem" in known) return known.problem;
    const wanted = this.#commands;
    const shown = known.value.map(({ command, description }) => ({ command, description }));
    if (isDeepStrictEqual(shown, wanted) || telegram.botId !== botId) return undefined;
    const answer = await telegram.ask((api) => api.setMyCommands({ commands: [...wanted] }, signal));
    return "problem" in answer ? answer.problem : undefined;
  }

  #conclude(botId: number, problem: Problem | undefined): void {
    const { telegram, logger, random } = this.#options;
    if (problem === undefined) {
      this.#attempts = 0;
      this.#told = botId;
      logger.debug({ commands: this.#commands.length }, "Telegram shows the bot's commands");
      // The token may have become another one while this one was told.
      if (telegram.botId !== botId) this.refresh();
      return;
    }
    const wait = problem.kind === "rate_limited" ? problem.retryAfterMs : backoffMs(this.#attempts, random);
    this.#attempts += 1;
    logger.warn({ reason: problem.error, retry_after_ms: wait }, "Telegram was not told the bot's commands yet");
    this.#timer = setTimeout(() => this.refresh(), wait);
  }
}
