import { createServer } from "node:net";

/** Below the ports that systems give to servers and connections that want any: nobody gets one of these between look and use. */
const lowest = 20_000;
const width = 10_000;
/** Each process begins at another one, and takes none twice. */
let next = Math.floor(Math.random() * width);

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().on("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** A loopback port on which nothing listens now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowest + (next++ % width);
    if (await isFree(port)) return port;
  }
}

/** Different loopback ports on which nothing listens now. */
export function freePorts(count: number): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, freePort));
}
