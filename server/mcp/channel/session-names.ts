import { BoundedMap } from "../bounded-map.ts";
import type { Session } from "../session.ts";

/** Sessions of which a process remembers the name. */
const mostSessions = 10_000;

/** The names under which people know sessions: those that they began with, unless a call of `register_session` gave another. */
export class SessionNames {
  /** Undefined for a session that has no name, as everybody was asked about. */
  readonly #names = new BoundedMap<string, { readonly name: string | undefined }>(mostSessions);
  readonly #ask: (session: Session) => Promise<void>;

  /** `ask` learns what other processes were told about a session. */
  constructor(ask: (session: Session) => Promise<void>) {
    this.#ask = ask;
  }

  set(sessionKey: string, name: string): void {
    this.#names.set(sessionKey, { name });
  }

  /** As far as this process knows. */
  of({ key, channel }: Pick<Session, "key" | "channel">): string | undefined {
    return this.#names.get(key)?.name ?? channel;
  }

  /** What is not known here is asked for once. Rejects when the bridge cannot be reached. */
  async learn(session: Session): Promise<string | undefined> {
    if (session.isShared && this.#names.get(session.key) === undefined) {
      await this.#ask(session);
      if (this.#names.get(session.key) === undefined) this.#names.set(session.key, { name: session.channel });
    }
    return this.of(session);
  }
}
