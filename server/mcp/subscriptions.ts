import { ServerError } from "../../contract/errors.ts";
import { BoundedMap } from "./bounded-map.ts";

/** Sessions whose subscriptions a process holds, and resources that each may have. */
const most = { sessions: 10_000, each: 100 };

/** Topics by the URI that a session wants to hear of; undefined for what never changes. */
type Subscribed = Map<string, string | undefined>;

/** Which resources sessions want to hear of (MCP 2025-11-25, Resources). */
export class Subscriptions {
  readonly #sessions = new BoundedMap<string, Subscribed>(most.sessions);
  readonly #tell: (sessionId: string, message: object) => void;

  /** `tell` sends a message to the stream on which a session listens, if it does. */
  constructor(tell: (sessionId: string, message: object) => void) {
    this.#tell = tell;
  }

  /** Throws RATE_LIMIT_EXCEEDED for one too many. */
  subscribe(sessionId: string, uri: string, topic: string | undefined): void {
    const subscribed: Subscribed = this.#sessions.get(sessionId) ?? new Map();
    if (!subscribed.has(uri) && subscribed.size >= most.each) {
      throw new ServerError("RATE_LIMIT_EXCEEDED", { retry_after: 60 });
    }
    subscribed.set(uri, topic);
    this.#sessions.set(sessionId, subscribed);
  }

  unsubscribe(sessionId: string, uri: string): void {
    const subscribed = this.#sessions.get(sessionId);
    subscribed?.delete(uri);
    if (subscribed?.size === 0) this.#sessions.delete(sessionId);
  }

  end(sessionId: string): void {
    this.#sessions.delete(sessionId);
  }

  /** Tells the sessions that have subscribed to resources of a topic that these have changed. */
  changed(topic: string): void {
    for (const [sessionId, subscribed] of this.#sessions.entries()) {
      for (const [uri, of] of subscribed) {
        if (of === topic) {
          this.#tell(sessionId, { jsonrpc: "2.0", method: "notifications/resources/updated", params: { uri } });
        }
      }
    }
  }
}
