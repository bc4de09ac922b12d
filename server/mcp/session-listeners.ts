/** Sends a message to a client outside of any request of its own. */
export type Send = (message: object) => void;

type Listener = { readonly send: Send; readonly isConnected: () => boolean };

/** Where the sessions of this process listen: a stream of HTTP, or their own connection. */
export class SessionListeners {
  /** In order of opening: a message goes to the newest only (MCP 2025-11-25, Multiple Connections). */
  readonly #listeners = new Map<string, Listener[]>();

  /**
   * Adds a way to a session; the returned function takes it away. One that is not connected keeps messages for a client that
   * comes back: it is used when there is no other.
   */
  add(sessionKey: string, send: Send, isConnected = (): boolean => true): () => void {
    const listener = { send, isConnected };
    this.#listeners.set(sessionKey, [...(this.#listeners.get(sessionKey) ?? []), listener]);
    return () => {
      const left = (this.#listeners.get(sessionKey) ?? []).filter((other) => other !== listener);
      if (left.length > 0) this.#listeners.set(sessionKey, left);
      else this.#listeners.delete(sessionKey);
    };
  }

  /** Sends a message to a session, if it listens here. */
  tell(sessionKey: string, message: object): void {
    const listeners = this.#listeners.get(sessionKey);
    (listeners?.findLast(({ isConnected }) => isConnected()) ?? listeners?.at(-1))?.send(message);
  }

  keys(): readonly string[] {
    return [...this.#listeners.keys()];
  }
}
