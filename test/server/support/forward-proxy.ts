import { once } from "node:events";
import { createServer, request as send } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

export type ForwardProxy = {
  readonly url: string;
  /** "METHOD target" of every request that had the right credentials. */
  readonly requests: readonly string[];
  /** Requests without them. */
  refused(): number;
  close(): Promise<void>;
};

/**
 * An HTTP proxy as companies have them: it wants credentials, tunnels with CONNECT and forwards http URLs. Whatever host is
 * asked for, `port` on this machine is meant.
 */
export async function startForwardProxy(credentials: string, port: () => number): Promise<ForwardProxy> {
  const requests: string[] = [];
  let refused = 0;
  const wanted = `Basic ${Buffer.from(credentials).toString("base64")}`;
  const admits = (method: string, target: string, given: string | undefined) => {
    if (given === wanted) requests.push(`${method} ${target}`);
    else refused += 1;
    return given === wanted;
  };
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    if (!admits(method, url, headers["proxy-authorization"])) return void response.writeHead(407).end();
    const { pathname, search } = new URL(url);
    const options = { host: "127.0.0.1", port: port(), method, path: pathname + search, headers };
    const forwarded = send(options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.on("error", () => response.destroy());
    request.pipe(forwarded);
  });
  const tunnels = new Set<Socket>();
  server.on("connect", ({ url = "", headers }, client: Socket) => {
    if (!admits("CONNECT", url, headers["proxy-authorization"])) {
      return void client.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    }
    const upstream = connect(port(), "127.0.0.1", () => client.write("HTTP/1.1 200 Connection Established\r\n\r\n"));
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      tunnels.add(from);
      from.on("error", () => to.destroy()).pipe(to);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://${credentials}@127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    refused: () => refused,
    async close() {
      for (const tunnel of tunnels) tunnel.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
