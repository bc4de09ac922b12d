import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** Status 0: no answer, for the reason in the body. */
export type Answer = { readonly status: number; readonly body: string };

export type RequestOptions = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Default 5000. */
  readonly timeoutMs?: number;
  /** Loopback address that the connection comes from (default 127.0.0.1). */
  readonly from?: string;
};

/** One request on a connection of its own. */
export function send(url: string, options: RequestOptions = {}): Promise<Answer> {
  const { method = "GET", headers = {}, body, timeoutMs = 5_000, from } = options;
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const call = request(url, { method, headers, agent: false, signal, localAddress: from }, async (response) => {
      let text = "";
      try {
        for await (const chunk of response.setEncoding("utf8")) text += chunk;
      } catch (error) {
        return resolve({ status: 0, body: (error as Error).message });
      }
      resolve({ status: response.statusCode ?? 0, body: text });
    });
    call.on("error", (error) => resolve({ status: 0, body: error.message }));
    call.end(body);
  });
}

export function post(url: string, options: Omit<RequestOptions, "method">): Promise<Answer> {
  return send(url, { ...options, method: "POST" });
}

/** What a connection sends, and where to. */
export type Attempt = { readonly url: string; readonly bytes: string | Buffer };

export type HoldOptions = {
  readonly attempts: readonly Attempt[];
  /** False: the connections never read an answer (default true). */
  readonly reads?: boolean;
  /** Milliseconds for which the connections are held (default 3000). */
  readonly holdMs?: number;
  /** Milliseconds to wait, after that, for the server to close all of them (default 0). */
  readonly closedWithinMs?: number;
};

/** What became of the connections. Those that are closed may have been answered before. */
export type Held = { readonly answered: number; readonly closed: number; readonly open: number };

/** Opens all connections, sends, and holds them; `meanwhile` runs once everything is sent or refused. */
export async function hold<T>(
  { attempts, reads = true, holdMs = 3_000, closedWithinMs = 0 }: HoldOptions,
  meanwhile: () => Promise<T>,
): Promise<{ readonly held: Held; readonly result: T }> {
  const connections = attempts.map((attempt, index) => openAndSend(attempt, reads, stranger(index)));
  try {
    await Promise.race([Promise.all(connections.map(({ sent }) => sent)), delay(holdMs)]);
    const [result] = await Promise.all([meanwhile(), delay(holdMs)]);
    const allClosed = Promise.all(connections.map(({ ended }) => ended));
    if (closedWithinMs > 0) await Promise.race([allClosed, delay(closedWithinMs, undefined, { ref: false })]);
    const answered = connections.filter(({ state }) => state.answered).length;
    const closed = connections.filter(({ state }) => state.closed).length;
    return { held: { answered, closed, open: connections.length - closed }, result };
  } finally {
    for (const { socket } of connections) socket.destroy();
  }
}

type Connection = {
  readonly socket: Socket;
  readonly state: { answered: boolean; closed: boolean };
  /** Resolves when all bytes are out, or cannot be sent any more. */
  readonly sent: Promise<void>;
  readonly ended: Promise<void>;
};

/** Strangers come from several addresses, so that a limit for each address alone does not stop them. */
export const stranger = (index: number) => `127.0.2.${1 + (index % 8)}`;

function openAndSend({ url, bytes }: Attempt, reads: boolean, localAddress: string): Connection {
  const { hostname, port } = new URL(url);
  const state = { answered: false, closed: false };
  const socket = connect({ host: hostname, port: Number(port), localAddress });
  if (reads) {
    socket.on("data", () => {
      state.answered = true;
    });
  }
  const sent = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  socket.write(bytes, () => sent.resolve());
  socket.on("error", () => undefined);
  socket.on("close", () => {
    state.closed = true;
    sent.resolve();
    ended.resolve();
  });
  return { socket, state, sent: sent.promise, ended: ended.promise };
}
