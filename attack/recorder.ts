import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Somebody on the way between server and bridge, who passes everything on and keeps the requests. */
export type Recorder = {
  readonly url: string;
  /** Bytes that the server sent, a connection each. */
  readonly recorded: readonly (readonly Buffer[])[];
  /** Where the bridge is, once that is known. */
  to(url: string): void;
} & AsyncDisposable;

export async function startRecorder(): Promise<Recorder> {
  const recorded: Buffer[][] = [];
  const sockets = new Set<Socket>();
  let target: URL | undefined;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).once("close", () => sockets.delete(socket));
    return socket;
  };
  const server = createServer((near) => {
    keep(near);
    if (target === undefined) return void near.destroy();
    const chunks: Buffer[] = [];
    recorded.push(chunks);
    near.on("data", (chunk) => chunks.push(Buffer.from(chunk)));
    const far = keep(connect({ host: target.hostname, port: Number(target.port) }));
    near.pipe(far).pipe(near);
    far.once("close", () => near.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    recorded,
    to: (url) => {
      target = new URL(url);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
