import { type Client, permits } from "../../access/client.ts";
import type { Relay } from "../../bridge-client/relay.ts";
import type { SessionCalls } from "../../bridge-client/sessions.ts";
import { BoundedMap } from "../bounded-map.ts";
import type { ClientRequests } from "../client-requests.ts";
import type { Params } from "../message.ts";
import type { RequestLogger } from "../method.ts";
import type { Session } from "../session.ts";
import { channelPermission } from "./capability.ts";
import { Channel, type Way } from "./channel.ts";
import { Doorbells } from "./doorbells.ts";
import { ownPrompts, readPermissionRequest } from "./permission-request.ts";
import { type PumpTimes, type PushEnding, pump, usualTimes } from "./pump.ts";
import type { SessionNames } from "./session-names.ts";

export type ChannelsOptions = {
  readonly sessions: SessionCalls;
  readonly relay: Relay;
  readonly names: SessionNames;
  readonly clientRequests: ClientRequests;
  readonly onSettled: (ending: PushEnding, count: number) => void;
  readonly log: RequestLogger;
  readonly times?: PumpTimes;
};

/** Sessions of which a process remembers that they are ready. */
const mostSessions = 10_000;

/** The sessions with a connection to this process that people talk to. What they have heard only the bridge knows. */
export class Channels {
  readonly #options: ChannelsOptions;
  readonly #doorbells: Doorbells;
  readonly #channels = new Map<string, Channel>();
  /** Those that have said so here, or to another process. */
  readonly #ready = new BoundedMap<string, true>(mostSessions);
  readonly #prompts = ownPrompts();
  /** What is still under way for sessions that have ended. */
  readonly #ending = new Map<string, Promise<void>>();
  readonly #leaving = new Set<Promise<void>>();

  constructor(options: ChannelsOptions) {
    this.#options = options;
    this.#doorbells = new Doorbells(options.relay);
  }

  /** Begins to hear the bridge; the returned function ends that. */
  listen(): () => void {
    return this.#doorbells.listen();
  }

  /** A session hears by this connection from now on, if it is a channel. */
  connect(session: Session, way: Way): void {
    if (session.channel === undefined) return;
    const { key } = session;
    const client = way.client();
    if (client === undefined) return;
    const channel = this.#channels.get(key) ?? this.#newChannel(session, client);
    this.#channels.set(key, channel);
    channel.add(way, () => {
      if (this.#channels.get(key) === channel) this.#channels.delete(key);
    });
    if (this.#ready.get(key)) channel.ready();
  }

  /** The client of a session has said that it is ready. */
  ready(sessionKey: string): void {
    this.#ready.set(sessionKey, true);
    this.#channels.get(sessionKey)?.ready();
  }

  /** A session has registered, under the name that is known now. */
  registered(sessionKey: string): void {
    this.#channels.get(sessionKey)?.registered();
  }

  /** A session has ended, here or elsewhere. */
  end(sessionKey: string): Promise<void> {
    const channel = this.#channels.get(sessionKey);
    this.#ready.delete(sessionKey);
    if (channel === undefined) return this.#ending.get(sessionKey) ?? Promise.resolve();
    this.#channels.delete(sessionKey);
    const ended = channel.end().finally(() => this.#ending.delete(sessionKey));
    this.#ending.set(sessionKey, ended);
    return ended;
  }

  /** A session has ended: its name is free, and prompts that it waits for are closed. Never rejects. */
  leave(session: Session, client: Pick<Client, "name">): Promise<void> {
    const name = this.#options.names.of(session);
    const left = this.end(session.key).then(() => this.#leave(session, client, name));
    this.#leaving.add(left);
    void left.finally(() => this.#leaving.delete(left));
    return left;
  }

  /** Asks people about a prompt in the client's terminal. Throws INVALID_PARAMS, and what the bridge refuses. */
  async askPermission(session: Session, client: Client, params: Params): Promise<void> {
    const name = this.#options.names.of(session);
    if (name === undefined || session.channel === undefined || !permits(client, channelPermission)) return;
    const prompt = readPermissionRequest(params);
    this.#prompts.add(session.key, prompt);
    await this.#options.sessions.askPermission({ client: client.name, name, holder: session.key, ...prompt });
  }

  /** A session calls a tool of this server. If it had asked about that, somebody has allowed it in the terminal: nobody else needs to. */
  called(session: Session, client: Client, tool: unknown): void {
    const name = this.#options.names.of(session);
    const request_id = this.#prompts.take(session.key, tool);
    if (name === undefined || request_id === undefined) return;
    const { sessions, log } = this.#options;
    sessions
      .permissionsAnswered({ client: client.name, name, holder: session.key, request_ids: [request_id] })
      .catch((error: unknown) => log.warn({ err: error, session: name }, "a prompt that was answered stays open"));
  }

  /** Hands over nothing more: other processes go on with sessions that are shared, and the others have ended. */
  async close(): Promise<void> {
    const channels = [...this.#channels.values()];
    const end = ({ session, client }: Channel) =>
      session.isShared ? this.end(session.key) : this.leave(session, client);
    await Promise.all(channels.map(end));
    await Promise.all(this.#leaving);
  }

  async #leave(session: Session, client: Pick<Client, "name">, name: string | undefined): Promise<void> {
    if (name === undefined) return;
    const { sessions, log } = this.#options;
    await sessions
      .leave({ client: client.name, name, holder: session.key })
      .catch((error: unknown) => log.warn({ err: error, session: name }, "a session could not say that it leaves"));
  }

  #newChannel(session: Session, owner: Client): Channel {
    const { names, times = usualTimes } = this.#options;
    return new Channel(
      session,
      owner,
      () => names.of(session),
      async (way, name, run) => {
        const client = way.client();
        if (client === undefined) return;
        await pump({
          ...this.#options,
          doorbells: this.#doorbells,
          client: client.name,
          name,
          holder: session.key,
          mayHear: () => mayHear(way.client(), client),
          send: way.send,
          fence: (fenced) => this.#options.clientRequests.fence(way.send, client.id, fenced),
          times,
          ...run,
        });
      },
    );
  }
}

/** A key may be read anew, with other permissions or for another client. */
function mayHear(now: Client | undefined, before: Client): boolean {
  return now !== undefined && now.id === before.id && now.name === before.name && permits(now, channelPermission);
}
