import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { BridgeStatus } from "../../../contract/bridge-status.ts";
import { type Event, eventSchema } from "../../../contract/event.ts";
import { hashOf, verify } from "../../../contract/signature.ts";

export const secret = "a-secret-of-at-least-32-characters!";

export const healthyStatus: BridgeStatus = {
  running: true,
  health: "healthy",
  version: "0.1.0",
  uptime_seconds: 5,
  telegram: { reachable: true, bot_username: "team_bot", checked_at: "2026-01-01T00:00:00.000Z" },
  queue: { usable: true, pending: 0, oldest_age_seconds: 0, failed: 0, limit: 10_000 },
  refusals: [],
  metrics: {
    events_processed: 7,
    telegram_messages_sent: 7,
    error_count: 0,
    memory_usage_mb: 50,
    cpu_usage_percent: 1,
    uptime_seconds: 5,
  },
};

/** Answers a request before the usual answer is given; undefined lets the usual answer follow. */
type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

export type FakeBridge = {
  readonly url: string;
  readonly port: number;
  /** Accepted events in order, without those that came again. */
  readonly events: Event[];
  /** Requests by "METHOD path". */
  readonly requests: string[];
  /** True when the intercept gave the answer itself. */
  intercept: Intercept;
  close(): Promise<void>;
};

/** A bridge that checks signatures and events as the contract says, and remembers what it accepted. */
export async function startFakeBridge(options: { port?: number; secret?: string } = {}): Promise<FakeBridge> {
  const events: Event[] = [];
  const requests: string[] = [];
  const server = createServer((request, response) => void answer(request, response));
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const bridge: FakeBridge = {
    url: `http://127.0.0.1:${port}`,
    port,
    events,
    requests,
    intercept: () => false,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests.push(`${request.method} ${request.url}`);
    const body = await read(request);
    if (await bridge.intercept(request, response)) return;
    if (!signed(request, body, options.secret ?? secret))
      return reply(response, 401, { error: true, message: "wrong" });
    if (request.url === "/status") return reply(response, 200, healthyStatus);
    const event = eventSchema.parse(JSON.parse(body));
    const duplicate = events.some(({ event_id }) => event_id === event.event_id);
    if (!duplicate) events.push(event);
    reply(response, 202, { event_id: event.event_id, messages: 1, duplicate });
  }
  return bridge;
}

export function reply(response: ServerResponse, status: number, body: object, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

function signed({ method = "", url = "", headers }: IncomingMessage, body: string, key: string): boolean {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const verdict = verify({ secrets: [key], method, path: url, headers, nowSeconds });
  return "contentHash" in verdict && verdict.contentHash === hashOf(body);
}

async function read(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  return text;
}
