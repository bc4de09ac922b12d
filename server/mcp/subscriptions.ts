import { ServerError } from "../../contract/errors.ts";
import { BoundedMap } from "./bounded-map.ts";

/** Sessions whose subscriptions a process holds, and resources that each may have. */
const most = { sessions: 10_000, each: 100 };

/** Topics by the URI that a session wants to hear of; undefined for what never changes. */
type Subscribed = Map<string, string | undefined>;

/** Which resources sessions want to hear of (MCP 2025-11-25, Resources). */
export class Subscriptions {
  readonly #sessions = new BoundedMap<string, Subscribed>(most.sessions);
  readonly #tell: (sessionKey: string, message: object) => void;

  /** `tell` sends a message to a session, if it listens here. */
  constructor(tell: (sessionKey: string, message: object) => void) {
    this.#tell = tell;
  }

  /** Throws RATE_LIMIT_EXCEEDED when this one would be one too many. */
  requireRoom(sessionKey: string, uri: string): void {
    const subscribed = this.#sessions.get(sessionKey);
    if (subscribed === undefined || subscribed.has(uri) || subscribed.size < most.each) return;
    throw new ServerError("RATE_LIMIT_EXCEEDED", { retry_after: 60 });
  }

  add(sessionKey: string, uri: string, topic: string | undefined): void {
    const subscribed: Subscribed = this.#sessions.get(sessionKey) ?? new Map();
    subscribed.set(uri, topic);
    this.#sessions.set(sessionKey, subscribed);
  }

  remove(sessionKey: string, uri: string): void {
    const subscribed = this.#sessions.get(sessionKey);
    subscribed?.delete(uri);
    if (subscribed?.size === 0) this.#sessions.delete(sessionKey);
  }

  end(sessionKey: string): void {
    this.#sessions.delete(sessionKey);
  }

  /** Tells the sessions whose resources belong to a topic that these have changed; without a topic, that all may have. */
  changed(topic?: string): void {
    for (const [sessionKey, subscribed] of this.#sessions.entries()) {
      for (const [uri, of] of subscribed) {
        if (of === undefined || (topic !== undefined && of !== topic)) continue;
        this.#tell(sessionKey, { jsonrpc: "2.0", method: "notifications/resources/updated", params: { uri } });
      }
    }
  }
}
