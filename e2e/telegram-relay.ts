import { once } from "node:events";
import { createServer, request as plain } from "node:http";
import { request as secure } from "node:https";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream";

export type Relay = { readonly url: string; close(): Promise<void> };

/**
 * Forwards requests to the Bot API. No traffic leaves the local cluster, so that tests cannot reach anything by mistake;
 * with a real bot this relay on the machine connects to Telegram.
 */
export async function startRelay(host: string, upstream = new URL("https://api.telegram.org")): Promise<Relay> {
  const send = upstream.protocol === "https:" ? secure : plain;
  const server = createServer((incoming, answer) => {
    const { method, url: path, headers } = incoming;
    const outgoing = send(upstream, { method, path, headers: { ...headers, host: upstream.host } }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      pipeline(response, answer, () => undefined);
    });
    outgoing.on("error", () => (answer.headersSent ? answer.destroy() : answer.writeHead(502).end()));
    pipeline(incoming, outgoing, () => undefined);
  });
  server.listen(0, host);
  await once(server, "listening");
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
