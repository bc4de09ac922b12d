import type { LogLevel } from "../features/interaction.ts";
import { BoundedMap } from "./bounded-map.ts";
import type { Session } from "./session.ts";

/** Sessions of which a process remembers the level. */
const mostSessions = 10_000;

/** What sessions hear that have not said anything about it. */
const usual: LogLevel = "info";

/** The least level of the log messages that sessions want (MCP 2025-11-25, Logging). */
export class LogLevels {
  readonly #levels = new BoundedMap<string, LogLevel>(mostSessions);
  readonly #ask: (session: Session) => Promise<void>;

  /** `ask` learns what other processes were told about a session. */
  constructor(ask: (session: Session) => Promise<void>) {
    this.#ask = ask;
  }

  set(sessionKey: string, level: LogLevel): void {
    this.#levels.set(sessionKey, level);
  }

  /** What is not known here is asked for once. */
  of(session: Session): LogLevel | Promise<LogLevel> {
    return this.#levels.get(session.key) ?? (session.isShared ? this.#learn(session) : usual);
  }

  async #learn(session: Session): Promise<LogLevel> {
    try {
      await this.#ask(session);
    } catch {
      // The bridge is away; the next message asks again.
      return usual;
    }
    const level = this.#levels.get(session.key) ?? usual;
    this.#levels.set(session.key, level);
    return level;
  }
}
