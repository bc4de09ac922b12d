import type { DatabaseSync } from "node:sqlite";
import { ServerError } from "../../../contract/errors.ts";
import { sessionLimits } from "../../../contract/sessions.ts";
import { RefusedError } from "../refused-error.ts";
import { type KeptSession, toSession } from "./kept-session.ts";
import { prepareSessions } from "./session-statements.ts";

type Named = Pick<KeptSession, "client" | "name">;
type Row = Pick<KeptSession, "row">;
type Holding = {
  readonly holder: string;
  readonly generation: number;
  /** Default: that of a holder that listens. */
  readonly lease_seconds?: number | undefined;
};

/** The rows of the sessions. Whatever changes them belongs into a write of the store. */
export class SessionTable {
  readonly #sql: ReturnType<typeof prepareSessions>;

  constructor(db: DatabaseSync) {
    this.#sql = prepareSessions(db);
  }

  find({ client, name }: Named): KeptSession | undefined {
    const row = this.#sql.named.get(client, name);
    return row && toSession(row);
  }

  byRow(row: number): KeptSession | undefined {
    const found = this.#sql.byRow.get(row);
    return found && toSession(found);
  }

  /** Throws UNKNOWN_SESSION. */
  require({ client, name }: Named): KeptSession {
    const session = this.find({ client, name });
    if (session === undefined) throw new ServerError("UNKNOWN_SESSION", { name });
    return session;
  }

  /** In the order of names. */
  ofClient(client: string): readonly KeptSession[] {
    return this.#sql.ofClient.all(client).map(toSession);
  }

  /** Of all clients, whoever was heard last first. */
  newest(limit: number): readonly KeptSession[] {
    return this.#sql.newest.all(limit).map(toSession);
  }

  /** Those of all clients that people call so, in whatever letters. */
  calledSo(name: string): readonly KeptSession[] {
    return this.#sql.calledSo.all(name).map(toSession);
  }

  /** Throws RefusedError when the client has as many as it may have. */
  insert({ client, name }: Named, at: number): KeptSession {
    if (Number(this.#sql.count.get(client)?.count) >= sessionLimits.sessions) {
      const message = `The client has ${sessionLimits.sessions} sessions already. Names can be used again.`;
      throw new RefusedError("client_quota", message, 3_600);
    }
    return toSession(this.#sql.insert.get(client, name, at) ?? {});
  }

  hold({ row }: Row, { holder, generation, lease_seconds }: Holding, at: number): KeptSession {
    const until = at + 1_000 * (lease_seconds ?? sessionLimits.leaseSeconds);
    return toSession(this.#sql.hold.get(holder, generation, until, at, row) ?? {});
  }

  /** Nobody holds it any more. */
  release({ row }: Row, at: number): void {
    this.#sql.release.run(at, row);
  }

  /** Those whose lease ended after `from`, and not after `to`. */
  endedBetween(from: number, to: number): readonly KeptSession[] {
    return this.#sql.endedBetween.all(from, to).map(toSession);
  }

  /** When the next lease after that ends; undefined when nobody holds a session for so long. */
  nextEnd(after: number): number | undefined {
    const end = this.#sql.nextEnd.get(after)?.at;
    return typeof end === "number" ? end : undefined;
  }

  /** Forgets those that nobody has heard of since, with everything of theirs; true when there may be more. */
  prune(before: number, limit: number): boolean {
    const { deleteEvents, deleteBindings, deleteTopics, deleteAttachments } = this.#sql;
    const old = this.#sql.old.all(before, limit).map(({ id }) => Number(id));
    for (const row of old) {
      for (const each of [deleteEvents, deleteBindings, deleteTopics, deleteAttachments, this.#sql.delete])
        each.run(row);
    }
    return old.length === limit;
  }
}
