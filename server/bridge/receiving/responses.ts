import type { Response } from "../../../contract/responses.ts";
import type { EventKey } from "../queue/event.ts";
import type { KeptSession } from "../sessions/kept-session.ts";
import { refusalOf } from "../storage/sqlite-error.ts";
import type { Store } from "../storage/store.ts";
import type { InboxStatements } from "./inbox-statements.ts";
import type { Person } from "./update.ts";

export type ResponseQuery = {
  /** Whose events were answered; undefined: anybody's. What answers no event is for all. */
  readonly client?: string | undefined;
  readonly since: number;
  readonly kind?: Response["kind"] | undefined;
  /** Only what was said to this session of the client's and it has not got yet. */
  readonly session?: string | undefined;
  /** Only those before the one with this id. */
  readonly before?: number | undefined;
  readonly limit: number;
};

export type Clearing = {
  /** Whose events were answered. */
  readonly client: string;
  /** Older ones go. */
  readonly until: number;
  /** Also what answers no event. */
  readonly unclaimed: boolean;
};

type Kept = {
  readonly at: number;
  readonly kind: Response["kind"];
  readonly from: Person;
  readonly chatId: number;
  readonly topic?: number | undefined;
  readonly messageId: number;
  readonly text: string;
  readonly event: EventKey | undefined;
  readonly session?: KeptSession | undefined;
};

const RESPONSES_KEPT = 5_000;
const RESPONSES_KEPT_MS = 30 * 24 * 3_600_000;
const RESPONSES_OF_EVENT = 20;
const PRUNE_BATCH = 200;

/** What people have answered, said and pressed, as clients read it. */
export class Responses {
  readonly #store: Pick<Store, "write">;
  readonly #sql: InboxStatements;

  constructor(store: Pick<Store, "write">, sql: InboxStatements) {
    this.#store = store;
    this.#sql = sql;
  }

  /** Its id, in the transaction of the update. What is said to a session is its client's alone. */
  keep({ at, kind, from, chatId, topic, messageId, text, event, session }: Kept): number {
    const { id, first_name, username = null } = from;
    const whose = [event?.id ?? null, session?.client ?? event?.client ?? null, session?.row ?? null] as const;
    const columns = [at, kind, id, username, first_name, chatId, topic ?? null, messageId, text, ...whose] as const;
    const row = this.#sql.insertResponse.get(...columns);
    this.#sql.dropResponses.run(Number(row?.id) - RESPONSES_KEPT);
    return Number(row?.id);
  }

  /** Newest first. Throws RefusedError when they cannot be read. */
  list(query: ResponseQuery): readonly Response[] {
    return readable(() => this.#sql.responses.all(...asked(query), query.limit).map(toResponse));
  }

  /** How many there are, whatever the limit. Throws RefusedError when they cannot be read. */
  count(query: ResponseQuery): number {
    return readable(() => Number(this.#sql.countResponses.get(...asked(query))?.count));
  }

  /** Deletes old responses; resolves with their number when that is on disk. */
  clear({ client, until, unclaimed }: Clearing): Promise<number> {
    return this.#store.write(() => {
      return Number(this.#sql.clearResponses.run(until, client, unclaimed ? 1 : 0).changes);
    });
  }

  /** The first hundred after one of an id, the oldest first. */
  after(id: number): readonly Response[] {
    return this.#sql.responsesAfter.all(id).map(toResponse);
  }

  /** Id of the newest; 0 when there is none. */
  get newest(): number {
    return Number(this.#sql.newestResponse.get()?.id);
  }

  /** The newest twenty answers to an event, newest first. Throws RefusedError when they cannot be read. */
  to({ id, client }: EventKey): readonly Response[] {
    return readable(() => this.#sql.responsesTo.all(id, client, RESPONSES_OF_EVENT).map(toResponse));
  }

  /** Deletes old responses, a small batch at a time; true when there may be more. */
  prune(now: number): Promise<boolean> {
    const before = now - RESPONSES_KEPT_MS;
    return this.#store.write(() => {
      return Number(this.#sql.dropOldResponses.run(PRUNE_BATCH, before).changes) === PRUNE_BATCH;
    });
  }
}

function asked({ since, client, kind, before, session }: ResponseQuery) {
  return [since, client ?? null, kind ?? null, before ?? null, session ?? null] as const;
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw refusalOf(error);
  }
}

function toResponse(row: Readonly<Record<string, unknown>>): Response {
  const { id, at, kind, user_id, username, first_name, chat_id, message_id, text, event_id, topic, session } = row;
  return {
    id: Number(id),
    at: new Date(Number(at)).toISOString(),
    kind: kind as Response["kind"],
    user_id: Number(user_id),
    username: username === null ? null : String(username),
    first_name: first_name === null ? null : String(first_name),
    chat_id: Number(chat_id),
    message_id: message_id === null ? null : Number(message_id),
    text: String(text),
    event_id: event_id === null ? null : String(event_id),
    topic: topic === null ? null : Number(topic),
    session: session === null ? null : String(session),
  };
}
