import { once } from "node:events";
import type { LookupFunction } from "node:net";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import { type ClientOptions, WebSocket } from "ws";

export type Answer = {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: Record<string, unknown> };
};

type Closed = { readonly code: number; readonly reason: string };

/** A WebSocket on which a test says what it likes. */
export type Talk = {
  readonly socket: WebSocket;
  /** Everything that came, in order. */
  readonly received: Answer[];
  send(message: unknown): void;
  /** Resolves with the answer to an id, or the first message that is one. */
  answer(id: string | number | null): Promise<Answer>;
  until(isWanted: (message: Answer) => boolean): Promise<Answer>;
  /** Sends a request and resolves with its answer. */
  ask(method: string, params?: object): Promise<Answer>;
  readonly closed: Promise<Closed>;
};

export type TalkOptions = ClientOptions & {
  readonly key?: string | undefined;
  readonly path?: string;
  readonly protocols?: readonly string[];
  readonly lookup?: LookupFunction;
};

export function webSocketUrl(url: string, path = "/mcp"): string {
  return url.replace(/^http/, "ws") + path;
}

/** Connects; rejects with the status and the body of a refusal. */
export async function talk(url: string, options: TalkOptions = {}): Promise<Talk> {
  const { key, path, protocols = ["mcp"], headers, ...rest } = options;
  const socket = new WebSocket(webSocketUrl(url, path), [...protocols], {
    ...rest,
    headers: { ...(key && { "x-api-key": key }), ...headers },
  });
  const { promise: opened, resolve, reject } = Promise.withResolvers<void>();
  socket.once("open", resolve).once("error", reject);
  socket.once("unexpected-response", async (_request, response) => {
    let body = "";
    for await (const chunk of response.setEncoding("utf8")) body += chunk;
    reject(Object.assign(new Error(`${response.statusCode} ${body}`), { status: response.statusCode, body }));
    socket.terminate();
  });
  const received: Answer[] = [];
  socket.on("message", (data: Buffer) => received.push(...[JSON.parse(data.toString())].flat()));
  const closed = new Promise<Closed>((done) => {
    socket.once("close", (code, reason) => done({ code, reason: reason.toString() }));
  });
  await opened;
  socket.on("error", () => {});
  // Many may wait for their answers at once.
  socket.setMaxListeners(0);
  let lastId = 1_000_000;
  const until = async (isWanted: (message: Answer) => boolean): Promise<Answer> => {
    for (;;) {
      const found = received.find(isWanted);
      if (found !== undefined) return found;
      if (socket.readyState === WebSocket.CLOSED) throw new Error(`closed before: ${JSON.stringify(received)}`);
      await Promise.race([once(socket, "message"), closed]);
    }
  };
  const send = (message: unknown) => socket.send(typeof message === "string" ? message : JSON.stringify(message));
  const answer = (id: string | number | null) => until((message) => message.id === id && message.method === undefined);
  return {
    socket,
    received,
    send,
    answer,
    until,
    ask(method, params = {}) {
      const id = ++lastId;
      send({ jsonrpc: "2.0", id, method, params });
      return answer(id);
    },
    closed,
  };
}

const initialization = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } };

/** A connection whose session has begun. */
export async function session(url: string, options: TalkOptions, agreed: object = {}): Promise<Talk> {
  return begin(await talk(url, options), agreed);
}

/** Begins the session of a connection. */
export async function begin(connection: Talk, agreed: object = {}): Promise<Talk> {
  await connection.ask("initialize", { ...initialization, ...agreed });
  connection.send({ jsonrpc: "2.0", method: "notifications/initialized" });
  return connection;
}

/** The parameters of a request of MCP 2026-07-28. */
export function stateless(params: Record<string, unknown> = {}): Record<string, unknown> {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  return { ...params, _meta };
}

/** The SDK's client over a WebSocket: what docs/websocket.md shows. */
export class WebSocketTransport implements Transport {
  onmessage?: (message: JSONRPCMessage) => void;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  readonly #url: string;
  readonly #key: string;
  #socket: WebSocket | undefined;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  async start(): Promise<void> {
    const socket = new WebSocket(this.#url, "mcp", { headers: { "x-api-key": this.#key } });
    await once(socket, "open");
    socket.on("message", (data) => this.onmessage?.(JSON.parse(String(data))));
    socket.on("close", () => this.onclose?.()).on("error", (error) => this.onerror?.(error));
    this.#socket = socket;
  }

  async send(message: JSONRPCMessage): Promise<void> {
    this.#socket?.send(JSON.stringify(message));
  }

  async close(): Promise<void> {
    this.#socket?.close();
  }
}
