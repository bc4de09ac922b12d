import { once } from "node:events";
import { connect, type Socket } from "node:net";

export type RawConnection = {
  readonly socket: Socket;
  /** Everything that came so far. */
  text(): string;
  /** Resolves with everything once the other side has closed. */
  readonly closed: Promise<string>;
};

/** A TCP connection on which a test writes what no HTTP client would. */
export async function rawConnection(url: string, text = ""): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let received = "";
  socket.setEncoding("utf8").on("data", (data: string) => {
    received += data;
  });
  socket.on("error", () => {});
  await once(socket, "connect");
  // Not once(): it rejects when the other side resets the connection, which is an end, too.
  const closed = new Promise<string>((resolve) => socket.once("close", () => resolve(received)));
  if (text !== "") socket.write(text);
  return { socket, text: () => received, closed };
}

/** The head of a request as bytes. */
export function head(line: string, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries({ host: "localhost", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join("")}\r\n`;
}
