import { once } from "node:events";
import { createServer, type IncomingMessage, request as open, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type KeyProxy = { readonly url: string } & AsyncDisposable;

/**
 * A proxy on loopback that adds an API key to each request and passes everything else on as it is: the suite cannot send a
 * key, and its checks of Host and Origin need theirs to arrive. Of several servers each request goes to the next.
 * `onFailure` is told when a server cannot be reached or breaks off; the suite then sees a connection that breaks.
 */
export async function startKeyProxy(
  targets: readonly string[],
  key: string,
  onFailure: (error: Error, request: IncomingMessage) => void = () => undefined,
): Promise<KeyProxy> {
  const addresses = targets.map((target) => new URL(target));
  let turn = 0;
  const server = createServer((request, response) => {
    const { hostname = "", port = "" } = addresses[turn++ % addresses.length] ?? {};
    pass(request, response, { hostname, port, key, onFailure: (error) => onFailure(error, request) });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Target = { readonly hostname: string; readonly port: string; readonly key: string };

type Passing = Target & { readonly onFailure: (error: Error) => void };

function pass(request: IncomingMessage, response: ServerResponse, { key, onFailure, ...target }: Passing): void {
  const { method, url: path, rawHeaders } = request;
  const upstream = open({ ...target, method, path, headers: [...rawHeaders, "X-API-Key", key], agent: false });
  upstream.on("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    response.flushHeaders();
    answer.pipe(response);
    answer.on("error", () => response.destroy());
  });
  upstream.on("error", (error) => {
    // A client that has gone is no failure of the server.
    if (!response.destroyed) onFailure(error);
    response.destroy();
  });
  response.on("close", () => upstream.destroy());
  request.pipe(upstream);
}
