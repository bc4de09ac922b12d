import { once } from "node:events";
import { createServer, type IncomingMessage, request as open, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type KeyProxy = { readonly url: string } & AsyncDisposable;

/**
 * A proxy on loopback that adds an API key to each request and passes everything else on as it is: the suite cannot send a
 * key, and its checks of Host and Origin need theirs to arrive.
 */
export async function startKeyProxy(target: string, key: string): Promise<KeyProxy> {
  const { hostname, port } = new URL(target);
  const server = createServer((request, response) => pass(request, response, { hostname, port, key }));
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

function pass(request: IncomingMessage, response: ServerResponse, { key, ...target }: Target): void {
  const { method, url: path, rawHeaders } = request;
  const upstream = open({ ...target, method, path, headers: [...rawHeaders, "X-API-Key", key], agent: false });
  upstream.on("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    response.flushHeaders();
    answer.pipe(response);
    answer.on("error", () => response.destroy());
  });
  upstream.on("error", () => response.destroy());
  response.on("close", () => upstream.destroy());
  request.pipe(upstream);
}
