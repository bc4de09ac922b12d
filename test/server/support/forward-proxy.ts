import { once } from "node:events";
import { createServer, request as send } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

export type ForwardProxy = {
  readonly url: string;
  /** "METHOD target" of every request that had the right credentials. */
  readonly requests: readonly string[];
  /** Requests without them. */
  refused(): number;
  close(): Promise<void>;
};

export type ForwardProxyOptions = {
  /** Where it listens. Default: 127.0.0.1 */
  readonly host?: string;
  /** What stands in each tunnel, for one direction: "up" is from the client. */
  readonly within?: (direction: "up" | "down") => Duplex;
};

/**
 * An HTTP proxy as companies have them: it wants credentials, unless they are undefined, tunnels with CONNECT and forwards http
 * URLs. Whatever host is asked for, `port` on this machine is meant.
 */
export async function startForwardProxy(
  credentials: string | undefined,
  port: () => number,
  { host = "127.0.0.1", within }: ForwardProxyOptions = {},
): Promise<ForwardProxy> {
  const requests: string[] = [];
  let refused = 0;
  const wanted = credentials && `Basic ${Buffer.from(credentials).toString("base64")}`;
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
    for (const [from, to, direction] of [
      [client, upstream, "up"],
      [upstream, client, "down"],
    ] as const) {
      tunnels.add(from);
      from.on("error", () => to.destroy());
      if (within === undefined) from.pipe(to);
      else from.pipe(within(direction)).pipe(to);
    }
  });
  server.listen(0, host);
  await once(server, "listening");
  return {
    url: `http://${credentials === undefined ? "" : `${credentials}@`}${host}:${(server.address() as AddressInfo).port}`,
    requests,
    refused: () => refused,
    async close() {
      for (const tunnel of tunnels) tunnel.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
