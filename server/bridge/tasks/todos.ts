import type { Registration, Todo, TodoSession } from "../../../contract/todos.ts";
import { refusalOf } from "../storage/sqlite-error.ts";
import type { Store } from "../storage/store.ts";
import { prepareTodos } from "./todo-statements.ts";

export type TodosOptions = {
  readonly store: Pick<Store, "db" | "write" | "requireRoom">;
  /** Steady milliseconds since the epoch. */
  readonly now: () => number;
};

/** Of one client; beyond them the sessions go that registered longest ago. */
const SESSIONS_KEPT = 20;
const BYTES_KEPT = 2 ** 20;
const KEPT_MS = 7 * 24 * 3_600_000;

type Row = Readonly<Record<string, unknown>>;

/** What clients register, in the bridge's file: every server pod and the bot's commands know it, also after a restart. */
export class Todos {
  readonly #options: TodosOptions;
  readonly #sql: ReturnType<typeof prepareTodos>;

  constructor(options: TodosOptions) {
    this.#options = options;
    this.#sql = prepareTodos(options.store.db);
  }

  /** Resolves with the number of todos when they are on disk; rejects with RefusedError. */
  async register({ client, session_id, todos }: Registration): Promise<number> {
    const { store, now } = this.#options;
    store.requireRoom();
    await store.write(() => {
      this.#sql.dropOld.run(now() - KEPT_MS);
      if (todos.length === 0) return void this.#sql.end.run(client, session_id);
      this.#sql.register.run(client, session_id, now(), JSON.stringify(todos));
      this.#sql.dropBeyond.run(client, SESSIONS_KEPT, BYTES_KEPT);
    });
    return todos.length;
  }

  /** Of one client, the session that registered last first. Throws RefusedError when they cannot be read. */
  sessionsOf(client: string): readonly TodoSession[] {
    return this.#read(() => this.#sql.ofClient.all(client, this.#since()));
  }

  /**
   * Of all clients, or of the one of that name in whatever letters: for the people who get their messages anyway. Throws
   * RefusedError when they cannot be read.
   */
  newest(limit: number, client = ""): readonly TodoSession[] {
    return this.#read(() => this.#sql.newest.all(this.#since(), client, limit));
  }

  #since(): number {
    return this.#options.now() - KEPT_MS;
  }

  #read(rows: () => readonly Row[]): readonly TodoSession[] {
    try {
      return rows().map(toSession);
    } catch (error) {
      throw refusalOf(error);
    }
  }
}

function toSession({ client, session, at, todos }: Row): TodoSession {
  return {
    client: String(client),
    session_id: String(session),
    registered_at: new Date(Number(at)).toISOString(),
    todos: JSON.parse(String(todos)) as readonly Todo[],
  };
}
