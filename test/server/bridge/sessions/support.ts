import type { ChannelEvent } from "../../../../contract/sessions.ts";
import type { Queue } from "../../../../server/bridge/queue/queue.ts";
import { Attachments } from "../../../../server/bridge/sessions/attachments.ts";
import { Bindings } from "../../../../server/bridge/sessions/bindings.ts";
import { ChannelEvents } from "../../../../server/bridge/sessions/channel-events.ts";
import { Hearing } from "../../../../server/bridge/sessions/hearing.ts";
import { SessionTable } from "../../../../server/bridge/sessions/session-table.ts";
import { Sessions } from "../../../../server/bridge/sessions/sessions.ts";
import type { Store } from "../../../../server/bridge/storage/store.ts";
import { signedFetch } from "../support.ts";

/** Sessions on a file, without what tells others of them. */
export function sessionsOn(store: Store, queue: Pick<Queue, "addLine">, now: () => number) {
  const [bindings, events, attachments] = [
    new Bindings(store.db),
    new ChannelEvents(store.db),
    new Attachments(store.db),
  ];
  const table = new SessionTable(store.db);
  const rung: number[] = [];
  const sessions = new Sessions({
    ...{ store, table, bindings, events, now },
    ring: (session) => rung.push(session),
    onChange: () => {},
    onGone: () => () => {},
    onHeld: () => {},
    onArrival: () => {},
    onRegistered: () => {},
    onSettled: () => {},
  });
  const hearing = new Hearing({
    ...{ sessions, table, bindings, events, attachments, queue, timeZone: "UTC" },
    onKept: () => {},
  });
  return { sessions, table, bindings, events, hearing, rung };
}

export type Answer = { readonly status: number; readonly body: Record<string, unknown> };

/** A signed call of one of the routes of sessions. */
export async function call(bridge: { readonly url: string }, path: string, body: object): Promise<Answer> {
  const response = await signedFetch(`${bridge.url}${path}`, "POST", JSON.stringify(body));
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

type Listening = { readonly client: string; readonly name: string; readonly holder: string };

/** A session as a server holds it: registered, and listening. */
export class TestSession {
  readonly who: Listening;
  readonly #bridge: () => { readonly url: string };
  generation = 0;
  /** Id of the last event that came in this generation. */
  after = 0;

  constructor(bridge: () => { readonly url: string }, who: Listening) {
    this.#bridge = bridge;
    this.who = who;
  }

  async begin(): Promise<this> {
    const registered = await this.call("/sessions");
    if (registered.status !== 200) throw new Error(JSON.stringify(registered.body));
    return this.listen();
  }

  async listen(): Promise<this> {
    const { status, body } = await this.call("/sessions/listen");
    if (status !== 200) throw new Error(JSON.stringify(body));
    this.generation = Number(body.generation);
    this.after = 0;
    return this;
  }

  call(path: string, more: object = {}): Promise<Answer> {
    return call(this.#bridge(), path, { ...this.who, ...more });
  }

  /** What waits after the last that came; it is not settled. */
  async next(): Promise<readonly ChannelEvent[]> {
    const { status, body } = await this.call("/sessions/next", { generation: this.generation, after: this.after });
    if (status !== 200) throw new Error(JSON.stringify(body));
    const events = body.events as readonly ChannelEvent[];
    this.after = events.at(-1)?.id ?? this.after;
    return events;
  }

  /** What waits, as it is read. */
  async read(): Promise<readonly ChannelEvent[]> {
    const events = await this.next();
    const ids = events.map(({ id }) => id);
    if (ids.length > 0) await this.call("/sessions/settle", { generation: this.generation, ending: "read", ids });
    return events;
  }

  /** The texts of what waits, as it is read. */
  async texts(): Promise<readonly string[]> {
    return (await this.read()).map(textOf);
  }
}

export const textOf = (event: ChannelEvent): string =>
  event.kind === "message" ? event.content : `${event.verdict.behavior} ${event.verdict.request_id}`;
