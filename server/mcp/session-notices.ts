import { hash } from "node:crypto";
import * as z from "zod";
import { sessionNameSchema } from "../../contract/sessions.ts";
import type { Relay } from "../bridge-client/relay.ts";
import { logLevels } from "../features/interaction.ts";
import type { Cancellations } from "./cancellations.ts";
import type { Channels } from "./channel/channels.ts";
import type { SessionNames } from "./channel/session-names.ts";
import type { ClientRequests } from "./client-requests.ts";
import type { Listens } from "./listens.ts";
import type { LogLevels } from "./log-levels.ts";
import type { RequestLogger } from "./method.ts";
import type { Session } from "./session.ts";
import type { SessionIds } from "./session-id.ts";
import type { SessionListeners } from "./session-listeners.ts";
import type { Subscriptions } from "./subscriptions.ts";

const idSchema = z.union([z.string(), z.number()]);

/** What one process has learned of a session, and others may need. */
const noticeSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("level"), level: z.enum(logLevels) }),
  z.object({ kind: z.literal("subscribe"), uri: z.string(), topic: z.string().exactOptional() }),
  z.object({ kind: z.literal("unsubscribe"), uri: z.string() }),
  z.object({ kind: z.literal("cancel"), id: idSchema }),
  z.object({ kind: z.literal("ready") }),
  z.object({ kind: z.literal("name"), name: sessionNameSchema }),
  z.object({ kind: z.literal("end") }),
  z.object({
    kind: z.literal("response"),
    clientId: z.string(),
    id: idSchema,
    result: z.record(z.string(), z.unknown()).exactOptional(),
    error: z.object({ code: z.number(), message: z.string() }).exactOptional(),
  }),
]);

export type SessionNotice = z.input<typeof noticeSchema>;

export type SessionNoticesOptions = {
  readonly relay: Relay;
  readonly sessions: SessionIds;
  readonly listeners: SessionListeners;
  readonly logLevels: LogLevels;
  readonly subscriptions: Subscriptions;
  readonly listens: Listens;
  readonly cancellations: Cancellations;
  readonly clientRequests: ClientRequests;
  readonly names: SessionNames;
  readonly channels: Channels;
  readonly log: RequestLogger;
};

const prefix = "session/";

/**
 * Keeps the processes that serve the same clients of one mind about sessions: what a client tells one of them, all hear by
 * the bridge's relay, and one that was not there asks for what still counts.
 */
export class SessionNotices {
  readonly #options: SessionNoticesOptions;

  constructor(options: SessionNoticesOptions) {
    this.#options = options;
  }

  /** Begins to hear the others; the returned function ends that. */
  listen(): () => void {
    const { relay, subscriptions, listens } = this.#options;
    return relay.subscribe(
      ({ topic, text }) => {
        if (topic.startsWith(prefix)) this.#apply(topic.slice(prefix.length), text);
        else {
          subscriptions.changed(topic);
          listens.changed(topic);
        }
      },
      () => this.#catchUp(),
    );
  }

  /** Tells every process; rejects when the bridge cannot be reached, and then only this one knows. */
  async tell({ key, isShared }: Session, notice: SessionNotice): Promise<void> {
    const text = JSON.stringify(notice);
    this.#apply(key, text);
    if (isShared) await this.#options.relay.publish(prefix + key, text, ...keptAs(notice));
  }

  /** Learns what others were told of a session and still counts. */
  async recall({ key, isShared }: Pick<Session, "key" | "isShared">): Promise<void> {
    if (!isShared) return;
    const { kept } = await this.#options.relay.recall(prefix + key);
    for (const text of Object.values(kept)) this.#apply(key, text);
  }

  #apply(key: string, text: string): void {
    const parsed = noticeSchema.safeParse(JSON.parse(text));
    if (parsed.success) this.#act(key, parsed.data);
    // A server of another version, in the middle of an upgrade.
    else this.#options.log.warn({ session: key }, "another server says something unknown about a session");
  }

  #act(key: string, notice: z.output<typeof noticeSchema>): void {
    const {
      sessions,
      logLevels: levels,
      subscriptions,
      cancellations,
      clientRequests,
      names,
      channels,
    } = this.#options;
    switch (notice.kind) {
      case "level":
        levels.set(key, notice.level);
        break;
      case "subscribe":
        subscriptions.add(key, notice.uri, notice.topic);
        break;
      case "unsubscribe":
        subscriptions.remove(key, notice.uri);
        break;
      case "cancel":
        cancellations.cancel(key, notice.id);
        break;
      case "ready":
        channels.ready(key);
        break;
      case "name":
        names.set(key, notice.name);
        channels.registered(key);
        break;
      case "end":
        void channels.end(key);
        subscriptions.end(key);
        sessions.end(key);
        break;
      case "response":
        clientRequests.settle(notice, notice.clientId);
    }
  }

  /** After a gap: subscriptions may have come, and resources may have changed. */
  #catchUp(): void {
    const { listeners, subscriptions, listens, log } = this.#options;
    subscriptions.changed();
    listens.changed();
    for (const key of listeners.keys()) {
      this.recall({ key, isShared: true }).catch((error: unknown) =>
        log.warn({ err: error }, "a session is not up to date"),
      );
    }
  }
}

/** The key under which the bridge keeps what still counts later, and with nothing what no longer does. */
function keptAs(notice: SessionNotice): [string] | [] {
  switch (notice.kind) {
    case "level":
    case "ready":
    case "name":
    case "end":
      return [notice.kind];
    case "subscribe":
    case "unsubscribe":
      return [`uri ${hash("sha256", notice.uri, "base64url")}`];
    default:
      return [];
  }
}
