import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import type { LookupFunction } from "node:net";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { Agent, fetch as fetchWith } from "undici";
import { type Talk, type TalkOptions, talk } from "../../test/server/support/web-socket.ts";
import { hostname, type Machine } from "./machine.ts";

export type Answer = {
  readonly status: number;
  /** A header that was sent more than once is a list. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
};

export type Asking = {
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | AsyncIterable<string>;
};

/** A client with its own address, which calls the proxy by its name and trusts its certificate. */
export type Caller = {
  /** The path is sent unchanged. */
  readonly ask: (path: string, asking?: Asking) => Promise<Answer>;
  /** For clients that build their own requests. */
  readonly fetch: typeof fetch;
  /** MCP over a WebSocket; rejects with the status and the body of a refusal. */
  readonly webSocket: (options?: WebSocketOptions) => Promise<Talk>;
  /** A connection for protocols other than HTTP, or incomplete requests. */
  readonly open: (options?: ConnectionOptions) => Promise<TLSSocket>;
  readonly close: () => Promise<void>;
};

type WebSocketOptions = TalkOptions & { readonly port?: number };

export const origin = `https://${hostname}`;

export function caller(machine: Machine, localAddress: string): Caller {
  const host = localAddress.includes(":") ? machine.ipv6 : machine.address;
  const trust = { ca: machine.caCert, servername: hostname };
  const address = { address: host, family: host.includes(":") ? 6 : 4 };
  // With a local address Node resolves only addresses of one family.
  const lookup: LookupFunction = (_name, { all }, found) =>
    all ? found(null, [address]) : found(null, address.address, address.family);
  const agent = new Agent({ connect: { ...trust, lookup }, localAddress, connections: 20 });
  return {
    ask: async (path, { method = "GET", headers = {}, body } = {}) => {
      const response = await agent.request({ origin, path, method, headers, body: body as string });
      return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
    },
    fetch: ((url: string, init: object) => fetchWith(url, { ...init, dispatcher: agent })) as unknown as typeof fetch,
    webSocket: ({ port = 443, ...options } = {}) =>
      talk(`${origin}:${port}`, { ...trust, lookup, localAddress, ...options }),
    open: (options = {}) => opened({ host, port: 443, localAddress, ...trust, ...options } as ConnectionOptions),
    close: () => agent.destroy(),
  };
}

/** Resolves with a connection after the TLS handshake; rejects with the reason of its failure. */
function opened(options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(options, () => resolve(socket));
    // Later errors are those of a closed connection, which its end reports as well.
    socket.on("error", reject);
  });
}

/** A connection that has become a WebSocket, on which nothing is said as RFC 6455 wants it. */
export async function upgraded({ open }: Caller, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = await open({ ALPNProtocols: ["http/1.1"], ...options });
  socket.setEncoding("utf8");
  const upgrade = ["Host: mcp.example.com", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
  const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
  socket.write(`GET /mcp HTTP/1.1\r\n${[...upgrade, key].join("\r\n")}\r\n\r\n`);
  const [head] = (await once(socket, "data")) as [string];
  if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(`no WebSocket, but ${head}`);
  return socket;
}

/** Sends a request over HTTP/2 and returns the first part of the answer's body. */
export async function askHttp2({ open }: Caller, path: string): Promise<{ status: number; first: string }> {
  const socket = await open({ ALPNProtocols: ["h2"] });
  const session = connectHttp2(origin, { createConnection: () => socket });
  try {
    return await new Promise((resolve, reject) => {
      session.once("error", reject);
      const stream = session.request({ ":path": path });
      let status = 0;
      stream.once("response", (headers) => {
        status = Number(headers[":status"]);
      });
      stream.once("data", (chunk) => resolve({ status, first: String(chunk) }));
      stream.once("error", reject);
    });
  } finally {
    session.destroy();
  }
}
