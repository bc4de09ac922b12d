import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A connection on which a test writes what no HTTP library would. */
export type RawConnection = {
  readonly socket: Socket;
  /** Everything that came so far. */
  text(): string;
  /** Resolves when the other side has sent this, or has closed (then it throws). */
  received(what: string): Promise<void>;
  /** Resolves with everything that came, when the connection is closed. */
  readonly closed: Promise<string>;
};

/** Connects from a loopback address of choice. */
export async function rawConnection(url: string, localAddress = "127.0.0.1"): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), localAddress });
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk) => {
    text += chunk;
  });
  // A connection that is cut is what some tests wait for.
  socket.on("error", () => {});
  const closed = new Promise<string>((resolve) => socket.once("close", () => resolve(text)));
  await Promise.race([once(socket, "connect"), closed]);
  return {
    socket,
    text: () => text,
    closed,
    async received(what) {
      while (!text.includes(what)) {
        if (socket.destroyed) throw new Error(`closed before "${what}" came: ${text}`);
        await Promise.race([once(socket, "data"), closed]);
      }
    },
  };
}

/** The head of a request. */
export function head(method: string, path: string, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries({ host: "localhost", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}
