/** Sends a message to a client outside of any request of its own. */
export type Send = (message: object) => void;

/** Where the sessions of this process listen: a stream of HTTP, or their own connection. */
export class SessionListeners {
  /** In order of opening: a message goes to the newest only (MCP 2025-11-25, Multiple Connections). */
  readonly #listeners = new Map<string, Send[]>();

  /** Adds a way to a session; the returned function takes it away. */
  add(sessionKey: string, send: Send): () => void {
    this.#listeners.set(sessionKey, [...(this.#listeners.get(sessionKey) ?? []), send]);
    return () => {
      const left = (this.#listeners.get(sessionKey) ?? []).filter((other) => other !== send);
      if (left.length > 0) this.#listeners.set(sessionKey, left);
      else this.#listeners.delete(sessionKey);
    };
  }

  /** Sends a message to a session, if it listens here. */
  tell(sessionKey: string, message: object): void {
    this.#listeners.get(sessionKey)?.at(-1)?.(message);
  }

  keys(): readonly string[] {
    return [...this.#listeners.keys()];
  }
}
