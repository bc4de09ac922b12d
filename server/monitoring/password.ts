import { hash, timingSafeEqual } from "node:crypto";
import { readSmallFile } from "../../config/small-file.ts";
import type { Logger } from "../telemetry/logger.ts";

/** Guesses are slowed down by bans; a password of fewer characters could be guessed all the same. */
export const shortestPassword = 12;

/** The name that goes with the password. */
export const userName = "admin";

export type PasswordOptions = {
  readonly value: string;
  /** Read again and again: Kubernetes replaces a Secret's files. */
  readonly path?: string;
  readonly logger: Pick<Logger, "info" | "error">;
  readonly pollMs?: number;
};

/** The password of the dashboard, as it is now. */
export class Password {
  readonly #options: PasswordOptions;
  readonly #timer: NodeJS.Timeout | undefined;
  #digest: Buffer;
  #problem: string | undefined;

  constructor(options: PasswordOptions) {
    this.#options = options;
    this.#digest = digestOf(options.value);
    if (options.path !== undefined) this.#timer = setInterval(() => this.look(), options.pollMs ?? 2_000).unref();
  }

  /** What the password is known by; another one after a change. */
  get mark(): Buffer {
    return this.#digest;
  }

  /** Takes the same time for every password. */
  matches(presented: string): boolean {
    return timingSafeEqual(this.#digest, digestOf(presented));
  }

  /** Reads the file now. What is no password leaves the one of before. */
  look(): void {
    const { path, logger } = this.#options;
    if (path === undefined) return;
    const read = passwordIn(path);
    if (read.problem !== undefined) {
      if (read.problem !== this.#problem) {
        logger.error(
          { path, reason: read.problem },
          "the dashboard's password cannot be read; that of before stays valid",
        );
      }
    } else if (!this.#digest.equals(digestOf(read.password))) {
      this.#digest = digestOf(read.password);
      logger.info({ path }, "the dashboard's password has changed");
    }
    this.#problem = read.problem;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

type Read = { readonly password: string; readonly problem?: undefined } | { readonly problem: string };

function passwordIn(path: string): Read {
  try {
    const password = readSmallFile(path).trim();
    if (password.length >= shortestPassword) return { password };
    return { problem: `it has fewer than ${shortestPassword} characters` };
  } catch (error) {
    return { problem: error instanceof Error && "code" in error ? `${error.code}` : "it cannot be read" };
  }
}

const digestOf = (text: string): Buffer => hash("sha256", text, "buffer");
