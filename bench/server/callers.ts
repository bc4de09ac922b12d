import { once } from "node:events";
import { Pool } from "undici";
import { WebSocket } from "ws";

export type CallerOptions = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly connections: number;
};

/** Makes the same call over and over, on several connections, each with one call under way. */
export type Caller = {
  /** The text of the answer; fails when there is none. */
  call(): Promise<string>;
  close(): Promise<void>;
};

/** A caller by the scheme of the URL. */
export function openCaller(options: CallerOptions): Promise<Caller> {
  return options.url.startsWith("ws") ? overWebSockets(options) : overHttp(options);
}

async function overHttp({ url, headers, body, connections }: CallerOptions): Promise<Caller> {
  const { origin, pathname: path } = new URL(url);
  const pool = new Pool(origin, { connections, pipelining: 1 });
  return {
    async call() {
      const response = await pool.request({ method: "POST", path, headers, body });
      const text = await response.body.text();
      if (response.statusCode !== 200) throw new Error(text);
      return text;
    },
    close: () => pool.close(),
  };
}

async function overWebSockets({ url, headers, body, connections }: CallerOptions): Promise<Caller> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(url, headers)));
  const free = [...sockets];
  const waiting: ((socket: WebSocket) => void)[] = [];
  return {
    async call() {
      const socket = free.pop() ?? (await new Promise<WebSocket>((resolve) => waiting.push(resolve)));
      const answer = new Promise<string>((resolve) => socket.once("message", (data) => resolve(String(data))));
      socket.send(body);
      const text = await answer;
      const next = waiting.shift();
      if (next === undefined) free.push(socket);
      else next(socket);
      return text;
    },
    async close() {
      await Promise.all(sockets.map((socket) => ended(socket)));
    },
  };
}

async function open(url: string, headers: Readonly<Record<string, string>>): Promise<WebSocket> {
  const socket = new WebSocket(url, "mcp", { headers, perMessageDeflate: false });
  await once(socket, "open");
  return socket;
}

async function ended(socket: WebSocket): Promise<void> {
  socket.close();
  await once(socket, "close");
}
