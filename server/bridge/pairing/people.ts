import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Who may talk to the bot: those of the configuration, and those who were paired. */
export class People {
  /** Of the configuration. */
  readonly configured: ReadonlySet<number>;
  readonly #paired: StatementSync;
  #all: ReadonlySet<number>;

  constructor(db: DatabaseSync, configured: readonly number[]) {
    this.configured = new Set(configured.filter((id) => id > 0));
    this.#paired = db.prepare("SELECT user_id FROM paired_people");
    this.#all = this.configured;
    this.reread();
  }

  get all(): ReadonlySet<number> {
    return this.#all;
  }

  /** Somebody was paired, or the disk has forgotten it again. */
  reread(): void {
    this.#all = new Set([...this.configured, ...this.#paired.all().map(({ user_id }) => Number(user_id))]);
  }
}
