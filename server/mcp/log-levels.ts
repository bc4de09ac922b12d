import type { LogLevel } from "../features/interaction.ts";
import { BoundedMap } from "./bounded-map.ts";

/** Sessions of which a process remembers the level. */
const mostSessions = 10_000;

/** What sessions hear that have not said anything about it. */
const usual: LogLevel = "info";

/**
 * The least level of the log messages that sessions want (MCP 2025-11-25, Logging). It is known to the process that was
 * told, and forgotten after many others; a client then hears the usual again.
 */
export class LogLevels {
  readonly #levels = new BoundedMap<string, LogLevel>(mostSessions);

  set(sessionId: string, level: LogLevel): void {
    this.#levels.set(sessionId, level);
  }

  of(sessionId: string): LogLevel {
    return this.#levels.get(sessionId) ?? usual;
  }
}
