import { ServerError } from "../../contract/errors.ts";
import type { InputRequest } from "../features/interaction.ts";
import type { Exchange } from "./exchange.ts";
import type { Params, ResponseMessage } from "./message.ts";

/** How long a person may take to answer, in milliseconds. */
const patienceMs = 300_000;

/** How long a client may take to say that it has read everything, in milliseconds. */
const fenceMs = 10_000;

/** Questions that wait in one process, of all clients. */
const mostWaiting = 10_000;

type Waiting = { readonly clientId: string; settle(response: ResponseMessage): void };

/**
 * What the server asks of clients of revisions up to 2025-11-25: requests of its own on the stream of the client's
 * request. The answer comes as a message by itself, and only from the client that was asked.
 */
export class ClientRequests {
  readonly #waiting = new Map<string, Waiting>();
  readonly #newId: () => string;

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  /** Sends a request and resolves with the client's result. */
  async ask({ method, params }: InputRequest, exchange: Exchange, signal: AbortSignal): Promise<Params> {
    if (this.#waiting.size >= mostWaiting) throw new ServerError("RATE_LIMIT_EXCEEDED", { retry_after: 60 });
    const id = this.#newId();
    const { promise, resolve, reject } = Promise.withResolvers<Params>();
    const giveUp = (reason: string) => {
      reject(refused(method, reason));
      // Nobody waits for the answer any more (MCP 2025-11-25, Timeouts).
      const params = { requestId: id, reason: "the server no longer waits for an answer" };
      exchange.send({ jsonrpc: "2.0", method: "notifications/cancelled", params });
    };
    const timer = setTimeout(() => giveUp("it did not answer in time"), patienceMs).unref();
    const leave = () => giveUp("it is gone");
    signal.addEventListener("abort", leave, { once: true });
    this.#waiting.set(id, {
      clientId: exchange.caller.client.id,
      settle({ result, error }) {
        if (result !== undefined) resolve(result);
        else reject(refused(method, error?.message.slice(0, 200) ?? ""));
      },
    });
    try {
      if (!exchange.send({ jsonrpc: "2.0", id, method, ...(params && { params }) })) {
        throw refused(method, "it takes no stream");
      }
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", leave);
      this.#waiting.delete(id);
    }
  }

  /**
   * Whether a client has read everything that was sent by this way before: a ping comes behind it, and only then can it be answered.
   * False when that takes too long, or the signal is aborted.
   */
  async fence(send: (message: object) => boolean, clientId: string, signal: AbortSignal): Promise<boolean> {
    if (this.#waiting.size >= mostWaiting || signal.aborted) return false;
    const id = this.#newId();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const giveUp = () => resolve(false);
    const timer = setTimeout(giveUp, fenceMs).unref();
    signal.addEventListener("abort", giveUp, { once: true });
    // An error proves it as well.
    this.#waiting.set(id, { clientId, settle: () => resolve(true) });
    try {
      return send({ jsonrpc: "2.0", id, method: "ping" }) && (await promise);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
      this.#waiting.delete(id);
    }
  }

  /** Gives an answer to whoever waits for it; false when nobody does here. */
  settle(response: ResponseMessage, clientId: string): boolean {
    const waiting = this.#waiting.get(String(response.id));
    if (waiting === undefined || waiting.clientId !== clientId) return false;
    waiting.settle(response);
    return true;
  }
}

function refused(method: string, reason: string): ServerError {
  return new ServerError("CLIENT_REFUSED", { method, reason });
}
