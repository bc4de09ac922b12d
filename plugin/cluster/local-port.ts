import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { problems } from "../problems.ts";

export type LocalPort = { readonly port: number; close(): Promise<void> };

type Target = {
  /** Opens one connection to where the port leads. */
  readonly dial: () => Promise<Duplex>;
  /** Of a connection; the port stays. */
  readonly onError: (error: Error) => void;
};

/** A port of this machine, on loopback alone, each of whose connections becomes one elsewhere. 0 takes any port. */
export async function openLocalPort(port: number, { dial, onError }: Target): Promise<LocalPort> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: false }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // A caller that goes away is no error.
    socket.on("error", () => undefined);
    join(socket, dial).catch(onError);
  });
  await listening(server, port);
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function join(socket: Socket, dial: () => Promise<Duplex>): Promise<void> {
  let remote: Duplex;
  try {
    remote = await dial();
  } catch (error) {
    socket.destroy();
    throw error;
  }
  // Either side may end first: then the other ends, too.
  await Promise.allSettled([pipeline(socket, remote), pipeline(remote, socket)]);
  socket.destroy();
  remote.destroy();
}

function listening(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", ({ code, message }: NodeJS.ErrnoException) =>
      reject(code === "EADDRINUSE" ? problems.portTaken(port) : new Error(message)),
    );
    server.listen({ host: "127.0.0.1", port }, () => resolve());
  });
}
