import { readFileSync } from "node:fs";
import type { TelegramConfig } from "../config.ts";

const READ_EVERY_MS = 1_000;
const SYNTAX = /^\d{5,}:[A-Za-z0-9_-]{20,}$/;

/**
 * The bot token, read again from its file when that changes. Reading, not watching: a Kubernetes Secret changes by a swap
 * of symbolic links, which file watchers miss.
 */
export class TokenSource {
  readonly #config: Pick<TelegramConfig, "token" | "tokenFile">;
  readonly #timer: NodeJS.Timeout | undefined;
  #token: string;

  constructor(config: Pick<TelegramConfig, "token" | "tokenFile">, onChange: (former: string) => void) {
    this.#config = config;
    this.#token = this.#read();
    if (config.tokenFile === undefined) return;
    this.#timer = setInterval(() => {
      const token = this.#read();
      if (token === this.#token) return;
      const former = this.#token;
      this.#token = token;
      onChange(former);
    }, READ_EVERY_MS);
  }

  /** Throws what is wrong with the token, never the token itself. */
  get(): string {
    if (SYNTAX.test(this.#token)) return this.#token;
    const where = this.#config.tokenFile ?? "TELEGRAM_BOT_TOKEN";
    const problem = this.#token === "" ? "is empty or missing" : "is not of the form 123456789:AbC...";
    throw new Error(`The bot token (${where}) ${problem}. Get one from @BotFather.`);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #read(): string {
    if (this.#config.tokenFile === undefined) return this.#config.token.trim();
    try {
      return readFileSync(this.#config.tokenFile, "utf8").trim();
    } catch {
      return "";
    }
  }
}
