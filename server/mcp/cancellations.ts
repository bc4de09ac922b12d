import type { MessageId, Params } from "./message.ts";
import type { RequestLogger } from "./method.ts";
import { printable } from "./session.ts";

/** The requests of sessions that may be cancelled by a message (MCP 2025-11-25, Cancellation). */
export class Cancellations {
  readonly #underWay = new Map<string, AbortController>();

  /** A signal that is aborted when the client cancels the request. */
  begin(sessionKey: string, id: MessageId): AbortSignal {
    const controller = new AbortController();
    this.#underWay.set(keyOf(sessionKey, id), controller);
    return controller.signal;
  }

  end(sessionKey: string, id: MessageId): void {
    this.#underWay.delete(keyOf(sessionKey, id));
  }

  /** Cancels a request, if it is under way in this process. */
  cancel(sessionKey: string, id: MessageId): void {
    this.#underWay.get(keyOf(sessionKey, id))?.abort();
  }
}

/** `1` and `"1"` are two ids. */
const keyOf = (sessionKey: string, id: MessageId) => `${sessionKey} ${JSON.stringify(id)}`;

/** Logs why a client cancels a request, in its own words, fit for a log. */
export function logCancellation({ reason }: Params, log: RequestLogger): void {
  const said = typeof reason === "string" ? { reason: printable(reason, 200) } : {};
  log.debug(said, "a client cancels a request");
}
