/**
 * Clients that listen and do nothing else: reads an order from stdin, opens the streams, or WebSockets, and says how many
 * are open.
 */
import { once } from "node:events";
import { Agent, request } from "node:http";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";

type Headers = Readonly<Record<string, string>>;

/** Connections are opened in turns with each set of headers. */
type Order = { readonly url: string; readonly headers: readonly Headers[]; readonly count: number };

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

for await (const line of createInterface({ input: process.stdin })) {
  const { url, headers, count } = JSON.parse(line) as Order;
  const listen = url.startsWith("ws") ? openWebSocket : openStream;
  let open = 0;
  // Not all at once: a backlog of connections is bounded, too.
  for (let begun = 0; begun < count; begun += 50) {
    const batch = Array.from({ length: Math.min(50, count - begun) }, (_, index) =>
      listen(url, headers[(begun + index) % headers.length] ?? {}),
    );
    open += (await Promise.all(batch)).filter((isOpen) => isOpen).length;
  }
  console.log(JSON.stringify({ open }));
}

async function openStream(url: string, headers: Headers): Promise<boolean> {
  const asked = request(url, { agent, headers });
  asked.end();
  try {
    const [response] = await once(asked, "response");
    response.resume();
    return response.statusCode === 200;
  } catch {
    return false;
  }
}

async function openWebSocket(url: string, headers: Headers): Promise<boolean> {
  const socket = new WebSocket(url, "mcp", { headers, perMessageDeflate: false });
  try {
    await once(socket, "open");
    return true;
  } catch {
    return false;
  }
}
