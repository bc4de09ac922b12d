import { ServerError } from "../../../contract/errors.ts";
import type { ChannelNotice } from "../../../contract/relay.ts";
import {
  type ChannelEnding,
  channelEndings,
  type Session,
  type SessionHanded,
  type SessionLeave,
  type SessionListen,
  type SessionListening,
  type SessionNext,
  type SessionRegistered,
  type SessionRegistration,
  type SessionSettle,
  sessionLimits,
} from "../../../contract/sessions.ts";
import { refusalOf } from "../storage/sqlite-error.ts";
import type { Store } from "../storage/store.ts";
import type { Bindings } from "./bindings.ts";
import { toldEvent } from "./channel-event.ts";
import type { ChannelEvents, Settled } from "./channel-events.ts";
import { isHere, type KeptSession, requireFree, requireHeld } from "./kept-session.ts";
import type { SessionTable } from "./session-table.ts";

export type SessionsOptions = {
  readonly store: Pick<Store, "write" | "requireRoom">;
  readonly table: SessionTable;
  readonly bindings: Bindings;
  readonly events: ChannelEvents;
  /** Steady milliseconds since the epoch. */
  readonly now: () => number;
  /** Something waits for a session, or its holder is another one; when that is on disk. */
  readonly ring: (session: number, notice: ChannelNotice) => void;
  /** What its client sees of its sessions is another now; perhaps a moment before that is on disk. */
  readonly onChange: (client: string) => void;
  /** A holder is gone; in the transaction that says so. What is to be done when that is on disk. */
  readonly onGone: (session: KeptSession, holder: string, at: number) => () => void;
  /** Somebody holds it until then, if nothing more is heard of them. */
  readonly onHeld: (until: number) => void;
  /** The session is new, or somebody else's than before, in the transaction that makes it so. */
  readonly onArrival: (session: KeptSession, at: number) => void;
  /** It was registered, and that is on disk. */
  readonly onRegistered: () => void;
  /** So many ended, messages among them at these places. */
  readonly onSettled: (session: KeptSession, ending: ChannelEnding, ended: Settled) => void;
};

/** Of a session that nobody has heard of for so long everything is forgotten. */
const KEPT_MS = 30 * 24 * 3_600_000;
const BATCH = 50;

/** Sessions that people talk to, and what waits for them, in the bridge's file: server pods come and go. */
export class Sessions {
  readonly #options: SessionsOptions;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Rejects with SESSION_NAME_TAKEN or RefusedError. */
  async register({ client, name, holder, take_over }: SessionRegistration): Promise<SessionRegistered> {
    const { store, table, now, onArrival, onRegistered } = this.#options;
    store.requireRoom();
    const { session, isNew, isOther, afterwards } = await store.write(() => {
      const at = now();
      const known = table.find({ client, name });
      if (known !== undefined && !take_over) requireFree(known, holder, at);
      const before = known ?? table.insert({ client, name }, at);
      const other = before.holder !== holder;
      if (other) onArrival(before, at);
      const gone = this.#gone(before, holder, at);
      const generation = before.generation + (other ? 1 : 0);
      return {
        session: table.hold(before, { holder, generation }, at),
        isNew: known === undefined,
        isOther: other,
        afterwards: gone,
      };
    });
    afterwards();
    this.#options.onHeld(session.heldUntil);
    this.#options.onChange(client);
    if (isOther && !isNew) this.ring(session);
    onRegistered();
    return { session: this.#told(session), is_new: isNew };
  }

  /** In the order of names. Throws RefusedError when they cannot be read. */
  list(client: string): readonly Session[] {
    return readable(() => this.#options.table.ofClient(client).map((session) => this.#told(session)));
  }

  /** Of all clients, whoever was heard last first. */
  newest(limit: number): readonly Session[] {
    return readable(() => this.#options.table.newest(limit).map((session) => this.#told(session)));
  }

  /** Rejects with SESSION_NAME_TAKEN, UNKNOWN_SESSION or RefusedError. */
  async listen({ client, name, holder, generation, lease_seconds }: SessionListen): Promise<SessionListening> {
    const { store, table, now } = this.#options;
    const { session, afterwards } = await store.write(() => {
      const at = now();
      const before = table.require({ client, name });
      if (generation === undefined) requireFree(before, holder, at);
      else requireHeld(before, { holder, generation });
      const gone = this.#gone(before, holder, at);
      return {
        session: table.hold(before, { holder, generation: generation ?? before.generation + 1, lease_seconds }, at),
        afterwards: gone,
      };
    });
    afterwards();
    this.#options.onHeld(session.heldUntil);
    if (generation === undefined) this.ring(session);
    const waiting = this.#options.events.countOpen(session.row);
    const { row: id, generation: current } = session;
    return { id, generation: current, lease_seconds: lease_seconds ?? sessionLimits.leaseSeconds, waiting };
  }

  /** Resolves when it is on disk that it was handed over. Rejects with SESSION_NAME_TAKEN, UNKNOWN_SESSION or RefusedError. */
  next({ after = 0, limit = 20, ...held }: SessionNext): Promise<SessionHanded> {
    const { store, table, events, now, onHeld } = this.#options;
    return store.write(() => {
      const at = now();
      const session = table.require(held);
      requireHeld(session, held);
      onHeld(table.hold(session, held, at).heldUntil);
      const open = events.open(session.row, after, limit + 1);
      const page = open.slice(0, limit);
      const isFor = (holder: string | undefined) => holder === undefined || holder === held.holder;
      for (const { id, forHolder } of page) if (!isFor(forHolder)) events.drop(id, at);
      const told = page.filter(({ forHolder }) => isFor(forHolder));
      events.hand(
        told.map(({ id }) => id),
        held.generation,
        at,
      );
      const { generation } = held;
      return { events: told.map((event) => toldEvent(event, { now: at, generation })), more: open.length > limit };
    });
  }

  /** Resolves with the number of what was open. Rejects with VALIDATION_ERROR, UNKNOWN_SESSION or RefusedError. */
  async settle({ client, name, generation, ending, of = "events", ids }: SessionSettle): Promise<number> {
    const { store, table, events, now, onSettled } = this.#options;
    if (generation === undefined && ending !== "pulled") throw withoutGeneration();
    const { session, settled, places } = await store.write(() => {
      const known = table.require({ client, name });
      return { session: known, ...events.settle(known.row, { ids, of, generation }, ending, now()) };
    });
    onSettled(session, ending, { settled, places });
    if (settled > 0) this.#options.onChange(client);
    return settled;
  }

  /** Resolves with whether it was the holder's to leave. Rejects with UNKNOWN_SESSION or RefusedError. */
  async leave({ client, name, holder, generation }: SessionLeave): Promise<boolean> {
    const { store, table, now } = this.#options;
    const { left, afterwards } = await store.write(() => {
      const session = table.require({ client, name });
      const isHolder = session.holder === holder && (generation ?? session.generation) === session.generation;
      if (!isHolder) return { left: false, afterwards: () => {} };
      const gone = this.#options.onGone(session, holder, now());
      table.release(session, now());
      return { left: true, afterwards: gone };
    });
    afterwards();
    if (left) this.#options.onChange(client);
    return left;
  }

  ring({ row, client, name, generation }: KeptSession): void {
    const waiting = this.#options.events.countOpen(row);
    this.#options.onChange(client);
    this.#options.ring(row, { client, name, generation, waiting });
  }

  /** Forgets what is old, a small batch at a time; true when there may be more. */
  prune(): Promise<boolean> {
    const { store, table, events, now } = this.#options;
    return store.write(() => {
      const more = events.prune(now());
      return table.prune(now() - KEPT_MS, BATCH) || more;
    });
  }

  #gone(before: KeptSession, holder: string, at: number): () => void {
    if (before.holder === undefined || before.holder === holder) return () => {};
    return this.#options.onGone(before, before.holder, at);
  }

  #told(session: KeptSession): Session {
    const { bindings, events, now } = this.#options;
    const { row, client, name, registeredAt, heardAt } = session;
    return {
      id: row,
      client,
      name,
      state: isHere(session, now()) ? "here" : "away",
      registered_at: new Date(registeredAt).toISOString(),
      heard_at: new Date(heardAt).toISOString(),
      waiting: events.countOpen(row),
      bound: bindings.of(row).map(({ chatId, topic, made, at }) => ({
        chat_id: chatId,
        topic: topic ?? null,
        made,
        bound_at: new Date(at).toISOString(),
      })),
    };
  }
}

function withoutGeneration(): ServerError {
  const problem = `${channelEndings.filter((each) => each !== "pulled").join(", ")} need the generation in which it was handed over`;
  return new ServerError("VALIDATION_ERROR", {
    problems: `generation: ${problem}`,
    fields: [{ field: "generation", problem }],
  });
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw refusalOf(error);
  }
}
