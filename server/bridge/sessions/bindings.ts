import type { DatabaseSync } from "node:sqlite";

/** A chat, or a topic of it. */
export type BindingPlace = { readonly chatId: number; readonly topic?: number | undefined };

export type Binding = BindingPlace & {
  readonly session: number;
  /** Who did it; 0: the bridge. */
  readonly by: number;
  readonly at: number;
  /** The bridge has made the topic for the session. */
  readonly made: boolean;
};

/** The chat itself, and the General topic of a group, has no topic. */
const CHAT_ITSELF = 0;

/** Which session everything that is said in a chat or topic is for. Whatever changes that belongs into a write of the store. */
export class Bindings {
  readonly #sql: ReturnType<typeof prepare>;

  readonly #onChange: (session: number) => void;

  /** `onChange`: what is bound to a session is another now; in the write that changes it. */
  constructor(db: DatabaseSync, onChange: (session: number) => void = () => {}) {
    this.#sql = prepare(db);
    this.#onChange = onChange;
  }

  at({ chatId, topic = CHAT_ITSELF }: BindingPlace): Binding | undefined {
    const row = this.#sql.at.get(chatId, topic);
    return row && toBinding(row);
  }

  /** In the order in which they were made. */
  of(session: number): readonly Binding[] {
    return this.#sql.of.all(session).map(toBinding);
  }

  /** Those that something of a chat is bound to. */
  sessionsIn(chatId: number): readonly number[] {
    return this.#sql.sessionsIn.all(chatId).map(({ session }) => Number(session));
  }

  bind({ chatId, topic = CHAT_ITSELF, session, by, at, made }: Binding): void {
    const former = this.at({ chatId, topic });
    this.#sql.bind.run(chatId, topic, session, by, at, made ? 1 : 0);
    if (former !== undefined) this.#onChange(former.session);
    this.#onChange(session);
  }

  /** The binding that there was. */
  unbind({ chatId, topic = CHAT_ITSELF }: BindingPlace): Binding | undefined {
    const row = this.#sql.unbind.get(chatId, topic);
    const former = row && toBinding(row);
    if (former !== undefined) this.#onChange(former.session);
    return former;
  }
}

function prepare(db: DatabaseSync) {
  return {
    at: db.prepare("SELECT * FROM bindings WHERE chat_id = ? AND topic = ?"),
    of: db.prepare("SELECT * FROM bindings WHERE session = ? ORDER BY at, chat_id, topic"),
    sessionsIn: db.prepare("SELECT DISTINCT session FROM bindings WHERE chat_id = ?"),
    bind: db.prepare(
      "INSERT OR REPLACE INTO bindings (chat_id, topic, session, bound_by, at, made) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    unbind: db.prepare("DELETE FROM bindings WHERE chat_id = ? AND topic = ? RETURNING *"),
  };
}

function toBinding({ chat_id, topic, session, bound_by, at, made }: Readonly<Record<string, unknown>>): Binding {
  return {
    chatId: Number(chat_id),
    ...(Number(topic) !== CHAT_ITSELF && { topic: Number(topic) }),
    session: Number(session),
    by: Number(bound_by),
    at: Number(at),
    made: Number(made) === 1,
  };
}
