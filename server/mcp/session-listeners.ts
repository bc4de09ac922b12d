type Tell = (message: object) => void;

/** The sessions that are one with a connection, and how each hears of what it has not asked for. */
export class SessionListeners {
  readonly #listeners = new Map<string, Tell>();
  readonly #onEnd: (sessionId: string) => void;

  /** `onEnd` is told of each session whose connection is closed. */
  constructor(onEnd: (sessionId: string) => void) {
    this.#onEnd = onEnd;
  }

  add(sessionId: string, tell: Tell): void {
    this.#listeners.set(sessionId, tell);
  }

  remove(sessionId: string): void {
    if (this.#listeners.delete(sessionId)) this.#onEnd(sessionId);
  }

  /** False when the session is none of these. */
  tell(sessionId: string, message: object): boolean {
    const tell = this.#listeners.get(sessionId);
    tell?.(message);
    return tell !== undefined;
  }
}
