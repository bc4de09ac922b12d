import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type TcpProxy = {
  readonly port: number;
  /** Connections stay open, but nothing passes any more, like a dead peer behind a firewall. New connections too. */
  stall(): void;
  /** New connections pass again; stalled ones stay dead. */
  resume(): void;
  /** Resets all connections, and refuses new ones until `resume`. */
  cut(): void;
  /** Connections since the start. */
  readonly connections: number;
  close(): Promise<void>;
};

/** A local TCP proxy to a server on 127.0.0.1 that can fail in the ways networks do. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let state: "open" | "stalled" | "cut" = "open";
  let connections = 0;
  const server = createServer((inbound) => {
    connections += 1;
    if (state === "cut") {
      inbound.resetAndDestroy();
      return;
    }
    const outbound = connect(targetPort, "127.0.0.1");
    for (const socket of [inbound, outbound]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        inbound.destroy();
        outbound.destroy();
      });
    }
    if (state === "stalled") return;
    inbound.pipe(outbound);
    outbound.pipe(inbound);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    stall() {
      state = "stalled";
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
      }
    },
    resume() {
      state = "open";
    },
    cut() {
      state = "cut";
      for (const socket of sockets) socket.resetAndDestroy();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
