import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

/** A server that streams, and keeps quiet on a WebSocket, as a test says and ours does not. */
export type StreamingBackend = {
  readonly port: number;
  /** Resolves with the next answer that has begun; its first event is sent, the test sends the rest. */
  readonly nextStream: () => Promise<ServerResponse>;
  /** Resolves with the first part of the next body, as soon as it arrives. */
  readonly nextPart: () => Promise<string>;
  readonly close: () => Promise<void>;
};

export const firstEvent = "data: first\n\n";

/** Requests that get no answer: the connection ends. */
export const cutOff = "/mcp?cut-off";

/** Streams on GET, counts parts of a body on POST, echoes after an upgrade. Listens on a port of an address, 0 for any. */
export async function startStreamingBackend(host: string, port = 0): Promise<StreamingBackend> {
  const server = createServer((request, response) => {
    if (request.url === cutOff) request.socket.destroy();
    else if (request.method === "GET") beginStream(response);
    else takeBody(request, response);
  });
  const sockets = new Set<Duplex>();
  server.on("connection", (socket) => sockets.add(socket));
  server.on("upgrade", ({ headers }, socket) => {
    const accept = acceptKey(headers["sec-websocket-key"] ?? "");
    socket.write(["HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", ...upgraded(accept), "", ""].join("\r\n"));
    socket.pipe(socket).on("error", () => undefined);
  });

  function beginStream(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(firstEvent);
    server.emit("stream", response);
  }

  function takeBody(request: IncomingMessage, response: ServerResponse): void {
    request.once("data", (part) => server.emit("part", String(part)));
    request.on("end", () => response.end("{}")).resume();
  }

  server.listen(port, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    nextStream: async () => (await once(server, "stream"))[0] as ServerResponse,
    nextPart: async () => (await once(server, "part"))[0] as string,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      if (server.listening) await once(server, "close");
    },
  };
}

const upgraded = (accept: string) => ["Upgrade: websocket", `Sec-WebSocket-Accept: ${accept}`];

/** Proxies check it (RFC 6455, 4.2.2). */
const acceptKey = (key: string) =>
  createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
