import type { OutgoingHttpHeader, ServerResponse } from "node:http";

/** Headers that were set before the stream began. */
type Headers = Readonly<Record<string, OutgoingHttpHeader | undefined>>;

/** Milliseconds between two comments on a quiet stream: proxies cut connections that are quiet for a minute. */
const keepAliveMs = 15_000;

/** What a client that does not read may leave unread, in bytes; then it is cut off. */
const mostUnread = 1024 * 1024;

/** An answer as server-sent events (HTML Standard, 9.2). */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #keepAlive: NodeJS.Timeout;

  constructor(response: ServerResponse, headers: Headers) {
    this.#response = response;
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value);
    response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      // nginx would hold events back.
      "x-accel-buffering": "no",
    });
    response.flushHeaders();
    this.#keepAlive = setInterval(() => this.#write(":\n\n"), keepAliveMs).unref();
    response.once("close", () => clearInterval(this.#keepAlive));
  }

  /** Sends a message. A client that does not read loses the stream: what it left unread would stay in memory. */
  send(message: string, id?: string): boolean {
    return this.#write(`${id === undefined ? "" : `id: ${id}\n`}event: message\ndata: ${message}\n\n`);
  }

  /** Tells a client, before anything else, by which id and after how many milliseconds it may come back. */
  prime(id: string, retryMs: number): void {
    this.#write(`id: ${id}\nretry: ${retryMs}\ndata: \n\n`);
  }

  /** Calls back when the connection has ended, whoever ended it; at once when it has. */
  onClose(listener: () => void): void {
    if (this.#response.closed) listener();
    else this.#response.once("close", listener);
  }

  /** Ends the stream; a client may come back after so many milliseconds. */
  end(retryMs?: number): void {
    if (retryMs !== undefined) this.#write(`retry: ${retryMs}\n\n`);
    clearInterval(this.#keepAlive);
    this.#response.end();
  }

  #write(text: string): boolean {
    const response = this.#response;
    if (response.destroyed || response.writableEnded) return false;
    response.write(text);
    if (response.writableLength <= mostUnread) return true;
    response.destroy();
    return false;
  }
}
