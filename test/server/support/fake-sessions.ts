import { ServerError } from "../../../contract/errors.ts";
import { channelTopic } from "../../../contract/relay.ts";
import { routes } from "../../../contract/routes.ts";
import {
  type ChannelEnding,
  type ChannelEvent,
  pairSchema,
  type Session,
  type SessionHanded,
  type SessionLeave,
  type SessionListen,
  type SessionListening,
  type SessionNext,
  type SessionPermission,
  type SessionPermissionAnswered,
  type SessionRegistration,
  type SessionReply,
  type SessionSettle,
  sessionEditSchema,
  sessionLeaveSchema,
  sessionListenSchema,
  sessionNextSchema,
  sessionPermissionAnsweredSchema,
  sessionPermissionSchema,
  sessionReactSchema,
  sessionRegistrationSchema,
  sessionReplySchema,
  sessionSettleSchema,
} from "../../../contract/sessions.ts";
import type { RelayHub } from "../../../server/bridge/relay/relay.ts";
import type { LocalBridge } from "../../../server/bridge-client/local-bridge-client.ts";

type Waiting = { readonly event: ChannelEvent; handed: number[]; ending?: ChannelEnding };

type Kept = {
  readonly id: number;
  readonly client: string;
  readonly name: string;
  holder: string | undefined;
  generation: number;
  readonly events: Waiting[];
};

/** Sessions as the contract has them, in memory: who holds one holds it until it leaves. */
export class FakeSessions {
  readonly #relay: RelayHub | undefined;
  readonly #kept = new Map<string, Kept>();
  readonly permissions: SessionPermission[] = [];
  readonly replies: SessionReply[] = [];
  readonly answered: SessionPermissionAnswered[] = [];
  #events = 0;

  constructor(relay?: RelayHub) {
    this.#relay = relay;
  }

  /** Somebody says something to a session, whether it is there or not. */
  say(client: string, name: string, content: string): number {
    const session = this.#require({ client, name });
    this.#events += 1;
    const meta = { event_id: `e${this.#events}`, chat_id: "1", user_id: "1" };
    const at = new Date(0).toISOString();
    session.events.push({
      event: { kind: "message", id: this.#events, at, response: null, content, meta },
      handed: [],
    });
    this.#ring(session);
    return this.#events;
  }

  /** Somebody answers a prompt. */
  decide(client: string, name: string, request_id: string, behavior: "allow" | "deny"): void {
    const session = this.#require({ client, name });
    this.#events += 1;
    const event: ChannelEvent = {
      kind: "verdict",
      id: this.#events,
      at: new Date(0).toISOString(),
      verdict: { request_id, behavior },
    };
    session.events.push({ event, handed: [] });
    this.#ring(session);
  }

  /** The endings of what was said to a session, in order; undefined for what is open. */
  endings(client: string, name: string): readonly (ChannelEnding | undefined)[] {
    return this.#require({ client, name }).events.map(({ ending }) => ending);
  }

  holderOf(client: string, name: string): string | undefined {
    return this.#kept.get(`${client}/${name}`)?.holder;
  }

  /** The lease of whoever holds it has run out. */
  expire(client: string, name: string): void {
    const session = this.#require({ client, name });
    session.holder = undefined;
    this.#ring(session);
  }

  register({ client, name, holder, take_over }: SessionRegistration) {
    const key = `${client}/${name}`;
    const known = this.#kept.get(key);
    if (known !== undefined && !take_over) this.#requireFree(known, holder);
    const session = known ?? { id: this.#kept.size + 1, client, name, holder, generation: 0, events: [] };
    this.#kept.set(key, session);
    const isOther = session.holder !== holder;
    if (isOther) session.generation += 1;
    session.holder = holder;
    if (isOther) this.#ring(session);
    return { session: told(session), is_new: known === undefined };
  }

  list(client: string): readonly Session[] {
    return [...this.#kept.values()].filter((one) => one.client === client).map(told);
  }

  listen({ client, name, holder, generation }: SessionListen): SessionListening {
    const session = this.#require({ client, name });
    this.#requireFree(session, holder);
    if (generation === undefined) session.generation += 1;
    else if (generation !== session.generation) throw new ServerError("SESSION_NAME_TAKEN", { name });
    session.holder = holder;
    this.#ring(session);
    return { id: session.id, generation: session.generation, lease_seconds: 90, waiting: open(session).length };
  }

  next({ client, name, holder, generation, after = 0, limit = 20 }: SessionNext): SessionHanded {
    const session = this.#require({ client, name });
    if (session.holder !== holder || session.generation !== generation) {
      throw new ServerError("SESSION_NAME_TAKEN", { name });
    }
    const waiting = open(session).filter(({ event }) => event.id > after);
    const handed = waiting.slice(0, limit);
    const events = handed.map((one) => {
      const isAgain = one.handed.some((before) => before !== generation);
      one.handed.push(generation);
      const { event } = one;
      return event.kind === "message" && isAgain ? { ...event, meta: { ...event.meta, again: "true" } } : event;
    });
    return { events, more: waiting.length > limit };
  }

  settle({ client, name, generation, ending, ids }: SessionSettle): number {
    const session = this.#require({ client, name });
    const settled = open(session).filter(
      ({ event, handed }) => ids.includes(event.id) && (generation === undefined || handed.at(-1) === generation),
    );
    for (const one of settled) one.ending = ending;
    return settled.length;
  }

  leave({ client, name, holder }: SessionLeave): boolean {
    const session = this.#require({ client, name });
    if (session.holder !== holder) return false;
    session.holder = undefined;
    this.#ring(session);
    return true;
  }

  askPermission(asked: SessionPermission) {
    const session = this.#require(asked);
    if (session.holder !== asked.holder) throw new ServerError("SESSION_NAME_TAKEN", { name: session.name });
    this.permissions.push(asked);
    const approval_id = `permission/${asked.request_id}`;
    return { approval_id, expires_at: "2026-01-01T00:10:00.000Z", messages: 1, duplicate: false };
  }

  permissionsAnswered(asked: SessionPermissionAnswered): number {
    this.answered.push(asked);
    return 1;
  }

  reply(asked: SessionReply) {
    this.#require(asked);
    if (asked.chat_id === 404) throw new ServerError("CHAT_NOT_BOUND", { name: asked.name, chat_id: asked.chat_id });
    this.replies.push(asked);
    return { event_id: asked.reply_id, messages: 1, message_ids: [7], duplicate: false };
  }

  async react(asked: { client: string; name: string }): Promise<void> {
    this.#require(asked);
  }

  edit(asked: { client: string; name: string }): number {
    this.#require(asked);
    return 7;
  }

  pair() {
    return { user_id: 1, username: null, first_name: "Ada" };
  }

  #require({ client, name }: { readonly client: string; readonly name: string }): Kept {
    const session = this.#kept.get(`${client}/${name}`);
    if (session === undefined) throw new ServerError("UNKNOWN_SESSION", { name });
    return session;
  }

  #requireFree({ holder: known, name }: Kept, holder: string): void {
    if (known !== undefined && known !== holder) throw new ServerError("SESSION_NAME_TAKEN", { name });
  }

  #ring({ id, client, name, generation, events }: Kept): void {
    const notice = { client, name, generation, waiting: events.length };
    this.#relay?.publish({ topic: channelTopic(id), text: JSON.stringify(notice) });
  }
}

/** The same as a bridge in the same process has them. */
export function idleSessions(fake: FakeSessions): Pick<LocalBridge, "channel" | "pairing"> {
  return {
    channel: {
      sessions: {
        register: async (request) => fake.register(request),
        list: (client) => fake.list(client),
        listen: async (request) => fake.listen(request),
        next: async (request) => fake.next(request),
        settle: async (request) => fake.settle(request),
        leave: async (request) => fake.leave(request),
      },
      permissions: {
        ask: async (request) => fake.askPermission(request),
        answered: async (request) => fake.permissionsAnswered(request),
      },
      speaking: {
        reply: async (request) => fake.reply(request),
        react: (request) => fake.react(request),
        edit: async (request) => fake.edit(request),
      },
      downloads: { get: async () => refuse() },
    },
    pairing: { pair: async () => fake.pair() },
  };
}

function refuse(): never {
  throw new ServerError("ATTACHMENT_NOT_FOUND");
}

const open = ({ events }: Kept) => events.filter(({ ending }) => ending === undefined);

function told(session: Kept): Session {
  const { id, client, name, holder } = session;
  const times = { registered_at: "2026-01-01T00:00:00.000Z", heard_at: "2026-01-01T00:00:00.000Z" };
  const state = holder === undefined ? "away" : "here";
  return { id, client, name, state, ...times, waiting: open(session).length, bound: [] };
}

export type SessionAnswer = (body: string, query: URLSearchParams, sessions: FakeSessions) => object;

/** What the bridge answers on its routes, by method and path. */
export const sessionAnswers: Readonly<Record<string, SessionAnswer>> = {
  [`POST ${routes.sessions}`]: (body, _query, sessions) =>
    sessions.register(sessionRegistrationSchema.parse(JSON.parse(body))),
  [`GET ${routes.sessions}`]: (_body, query, sessions) => ({ sessions: sessions.list(query.get("client") ?? "") }),
  [`POST ${routes.sessionListen}`]: (body, _query, sessions) =>
    sessions.listen(sessionListenSchema.parse(JSON.parse(body))),
  [`POST ${routes.sessionNext}`]: (body, _query, sessions) => sessions.next(sessionNextSchema.parse(JSON.parse(body))),
  [`POST ${routes.sessionSettle}`]: (body, _query, sessions) => ({
    settled: sessions.settle(sessionSettleSchema.parse(JSON.parse(body))),
  }),
  [`POST ${routes.sessionLeave}`]: (body, _query, sessions) => ({
    left: sessions.leave(sessionLeaveSchema.parse(JSON.parse(body))),
  }),
  [`POST ${routes.sessionPermissions}`]: (body, _query, sessions) =>
    sessions.askPermission(sessionPermissionSchema.parse(JSON.parse(body))),
  [`POST ${routes.sessionPermissionsAnswered}`]: (body, _query, sessions) => ({
    closed: sessions.permissionsAnswered(sessionPermissionAnsweredSchema.parse(JSON.parse(body))),
  }),
  [`POST ${routes.sessionReply}`]: (body, _query, sessions) =>
    sessions.reply(sessionReplySchema.parse(JSON.parse(body))),
  [`POST ${routes.sessionReact}`]: (body, _query, sessions) => {
    void sessions.react(sessionReactSchema.parse(JSON.parse(body)));
    return { done: true };
  },
  [`POST ${routes.sessionEdit}`]: (body, _query, sessions) => ({
    message_id: sessions.edit(sessionEditSchema.parse(JSON.parse(body))),
  }),
  [`POST ${routes.pair}`]: (body, _query, sessions) => {
    pairSchema.parse(JSON.parse(body));
    return sessions.pair();
  },
};
