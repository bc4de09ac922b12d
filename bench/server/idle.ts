/** Clients that listen and do nothing else: reads an order from stdin, opens the streams and says how many are open. */
import { once } from "node:events";
import { Agent, request } from "node:http";
import { createInterface } from "node:readline";

type Headers = Readonly<Record<string, string>>;

/** Streams are opened in turns with each set of headers. */
type Order = { readonly url: string; readonly headers: readonly Headers[]; readonly count: number };

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

for await (const line of createInterface({ input: process.stdin })) {
  const { url, headers, count } = JSON.parse(line) as Order;
  let open = 0;
  // Not all at once: a backlog of connections is bounded, too.
  for (let begun = 0; begun < count; begun += 50) {
    const batch = Array.from({ length: Math.min(50, count - begun) }, (_, index) =>
      listen(url, headers[(begun + index) % headers.length] ?? {}),
    );
    open += (await Promise.all(batch)).filter((status) => status === 200).length;
  }
  console.log(JSON.stringify({ open }));
}

async function listen(url: string, headers: Headers): Promise<number | undefined> {
  const asked = request(url, { agent, headers });
  asked.end();
  try {
    const [response] = await once(asked, "response");
    response.resume();
    return response.statusCode;
  } catch {
    return undefined;
  }
}
