import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Accepted } from "../../../contract/accepted.ts";
import type { Approval, ApprovalRequest } from "../../../contract/approvals.ts";
import type { BridgeStatus } from "../../../contract/bridge-status.ts";
import { deadLetterRoutes } from "../../../contract/dead-letters.ts";
import type { ErrorCode } from "../../../contract/error-catalogue.ts";
import { ServerError } from "../../../contract/errors.ts";
import { type Event, eventSchema } from "../../../contract/event.ts";
import type { EventStatus } from "../../../contract/event-status.ts";
import { eventTopic } from "../../../contract/relay.ts";
import { routes } from "../../../contract/routes.ts";
import { hashOf, verify } from "../../../contract/signature.ts";
import { RelayHub } from "../../../server/bridge/relay/relay.ts";
import { relayAnswers } from "../../../server/bridge/relay/relay-routes.ts";
import type { LocalBridge } from "../../../server/bridge-client/local-bridge-client.ts";
import { idleChannel, sessionAnswers } from "./idle-channel.ts";

export const secret = "a-secret-of-at-least-32-characters!";

/** For a bridge that cannot be reached, or refuses: of the tries within this time, in ms, the last has more than half a second, too. */
export const threeTriesMs = 1_400;

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

function refuse(code: ErrorCode): never {
  throw new ServerError(code);
}

/** A relay as the bridge has it. */
const newRelay = () => new RelayHub({ now: Date.now, epoch: randomUUID() });

/** A bridge in the same process that takes every event and knows none, and hears nobody. */
export const idleBridge: LocalBridge = {
  accept: async ({ event_id }) => ({ event_id, messages: 1, duplicate: false }),
  status: () => healthyStatus,
  eventStatus: () => {
    throw new ServerError("EVENT_NOT_FOUND");
  },
  responses: () => [],
  countResponses: () => 0,
  clearResponses: async () => 0,
  approvals: {
    ask: async () => refuse("APPROVALS_UNAVAILABLE"),
    approval: () => refuse("APPROVAL_NOT_FOUND"),
    list: () => [],
    withdraw: async () => refuse("APPROVAL_NOT_FOUND"),
  },
  relay: newRelay(),
  channel: idleChannel,
  pairings: { pair: async () => refuse("PAIRING_CODE_UNKNOWN") },
  control: {
    state: () => ({ instance: "idle", changed: false }),
    pause: async () => ({ instance: "idle", changed: true }),
    resume: async () => ({ instance: "idle", changed: false }),
    restart: () => ({ instance: "idle", changed: true }),
  },
  attention: { setModes: async ({ mode, user_ids = [1] }) => ({ mode, user_ids }) },
  todos: { register: async ({ todos }) => todos.length, sessionsOf: () => [] },
  monitoring: {
    state: () => refuse("BRIDGE_UNAVAILABLE"),
    history: () => refuse("BRIDGE_UNAVAILABLE"),
    trace: () => refuse("EVENT_NOT_FOUND"),
    tell: () => {},
    deadLetters: () => ({ dead_letters: [] }),
    settleDeadLetter: async () => refuse("DEAD_LETTER_NOT_FOUND"),
  },
};

/** Answers a request before the usual answer is given; undefined lets the usual answer follow. */
type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

export type FakeBridge = {
  readonly url: string;
  readonly port: number;
  /** Accepted events in order, without those that came again. */
  readonly events: Event[];
  /** What `GET /events/:id` says beside `sent`, by event id. */
  readonly eventStatuses: Map<string, Partial<EventStatus>>;
  readonly relay: RelayHub;
  /** Requests by "METHOD path"; not those of the relay. */
  readonly requests: string[];
  /** True when the intercept gave the answer itself. It is not asked about requests of the relay, which come at any time. */
  intercept: Intercept;
  close(): Promise<void>;
};

/** A bridge that checks signatures and events as the contract says, and remembers what it accepted. */
export async function startFakeBridge(options: { port?: number; secret?: string } = {}): Promise<FakeBridge> {
  const events: Event[] = [];
  const relay = newRelay();
  const requests: string[] = [];
  const server = createServer((request, response) => void answer(request, response)).listen(
    options.port ?? 0,
    "127.0.0.1",
  );
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const bridge: FakeBridge = {
    url: `http://127.0.0.1:${port}`,
    port,
    events,
    eventStatuses: new Map(),
    relay,
    requests,
    intercept: () => false,
    async close() {
      relay.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "", bridge.url);
    const relayed = Object.entries(relayAnswers).find(([path]) => path === pathname)?.[1];
    if (relayed === undefined) requests.push(`${request.method} ${request.url}`);
    const body = await read(request);
    if (relayed === undefined && (await bridge.intercept(request, response))) return;
    if (!signed(request, body, options.secret ?? secret)) return reply(response, 401, { error: true });
    if (relayed !== undefined) return answerRelay(relayed, body, response);
    const known = knownAnswers[pathname];
    if (known !== undefined) return reply(response, 200, known(body));
    if (request.method === "POST") return answerPost(pathname, body, response);
    answerRest(pathname, searchParams, response, bridge);
  }

  function answerPost(path: string, body: string, response: ServerResponse): void {
    if (path === routes.events) reply(response, 202, accept(eventSchema.parse(JSON.parse(body))));
    // A bridge of the version before has no dashboard to tell of.
    else reply(response, 404, { error: true, code: "NOT_FOUND", message: "not there" });
  }

  function accept(event: Event): Accepted {
    const { event_id, client } = event;
    const duplicate = events.some((each) => each.event_id === event_id);
    if (!duplicate) {
      events.push(event);
      relay.publish({ topic: eventTopic(event_id), text: JSON.stringify({ event_id, client, state: "waiting" }) });
    }
    return { event_id, messages: 1, duplicate };
  }

  async function answerRelay(
    relayed: (typeof relayAnswers)[keyof typeof relayAnswers],
    body: string,
    response: ServerResponse,
  ): Promise<void> {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    try {
      reply(response, 200, await relayed(relay, Buffer.from(body), gone.signal));
    } catch (error) {
      const { code, entry, details, message } =
        error instanceof ServerError ? error : new ServerError("BRIDGE_UNAVAILABLE", { reason: String(error) });
      reply(response, entry.httpStatus, { error: true, code, message, ...details });
    }
  }
  return bridge;
}

function answerRest(path: string, query: URLSearchParams, response: ServerResponse, bridge: FakeBridge) {
  if (path.startsWith("/attachments/")) return replyFile(response);
  const id = decodeURIComponent(path.slice("/events/".length));
  const event = bridge.events.find(({ event_id }) => event_id === id);
  const isTheirs = event !== undefined && (query.get("client") ?? event.client) === event.client;
  if (isTheirs) reply(response, 200, { ...sentStatus(id), ...bridge.eventStatuses.get(id) });
  else reply(response, 404, { error: true, code: "EVENT_NOT_FOUND", message: "not there" });
}

/** What is always answered the same, by path. */
const knownAnswers: Readonly<Record<string, (body: string) => object>> = {
  ...sessionAnswers,
  [routes.status]: () => healthyStatus,
  [routes.responses]: () => ({ responses: [], total: 0, deleted: 0 }),
  [routes.approvals]: (body) => ({ approval: pendingApproval(JSON.parse(body)), messages: 1, duplicate: false }),
  // What GET and POST are answered with.
  [routes.todos]: () => ({ sessions: [], registered_count: 0 }),
  [routes.control]: () => ({ instance: "fake" }),
  [routes.pauseDelivery]: () => ({ instance: "fake", changed: true }),
  [routes.resumeDelivery]: () => ({ instance: "fake" }),
  [routes.restartBridge]: () => ({ instance: "fake" }),
  [routes.deadLetters]: () => ({ dead_letters: [] }),
  ...Object.fromEntries(
    Object.values(deadLetterRoutes)
      .flatMap(Object.values<string>)
      .map((path) => [path.replace(":id", "7"), () => ({ changed: true, event_id: "e1", client: "claude" })]),
  ),
  [routes.attentionMode]: (body) => ({ user_ids: [1], ...JSON.parse(body) }),
};

function sentStatus(event_id: string): EventStatus {
  return {
    event_id,
    state: "sent",
    accepted_at: "2026-01-01T00:00:00.000Z",
    settled_at: "2026-01-01T00:00:01.000Z",
    messages: { total: 1, waiting: 0, sent: 1, refused: 0 },
    refusals: [],
    replies: [],
  };
}

export function reply(response: ServerResponse, status: number, body: object, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

function replyFile(response: ServerResponse): void {
  const headers = { "content-type": "text/csv", "content-disposition": "attachment; filename*=UTF-8''sizes.csv" };
  response.writeHead(200, headers).end("a,b");
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

function pendingApproval({ approval_id, title, options, required_approvals }: ApprovalRequest): Approval {
  const times = { created_at: "2026-01-01T00:00:00.000Z", expires_at: "2026-01-01T00:30:00.000Z" };
  return { approval_id, state: "pending", title, options, required_approvals, approvers: [1], votes: [], ...times };
}
