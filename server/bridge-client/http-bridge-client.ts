import { type Dispatcher, Pool } from "undici";
import type * as z from "zod";
import { acceptedSchema } from "../../contract/accepted.ts";
import { bridgeStatusSchema } from "../../contract/bridge-status.ts";
import { eventPath, eventStatusSchema } from "../../contract/event-status.ts";
import { followedSchema, publishedSchema, recalledSchema } from "../../contract/relay.ts";
import { clearedSchema, responsesPath, responsesSchema } from "../../contract/responses.ts";
import { routes } from "../../contract/routes.ts";
import { type SigningSecrets, secretsOf } from "../../contract/signing-secrets.ts";
import { httpApprovals } from "./approvals.ts";
import { httpAttention } from "./attention.ts";
import { type BridgeCall, type CallContext, callOnce, callUntil } from "./bridge-calls.ts";
import type { BridgeClient } from "./bridge-client.ts";
import { httpControl } from "./control.ts";
import { httpMonitoring } from "./monitoring.ts";
import { type RelaySource, relayOver } from "./relay.ts";
import { httpSessions } from "./sessions.ts";
import { httpTodos } from "./todos.ts";

export type HttpBridgeOptions = {
  /** Base of the bridge's API, such as http://team-bridge:9001. */
  readonly url: string;
  /** What signs. During a rotation the others are tried when the bridge does not know the current one yet. */
  readonly secret: string | SigningSecrets;
  /** Deadline of one call with all its attempts, in milliseconds. */
  readonly timeoutMs: number;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
};

const statusSchema = bridgeStatusSchema();

// A pod that vanished answers neither SYN nor request: leave an attempt early enough for the next to succeed.
const connect = { timeout: 2000 };
// A status is asked for by people and probes: better a quick "unhealthy" than the patience of a delivery.
const statusTimeoutMs = 2000;
/** What a poll may take beyond the wait that it asks for. */
const pollMarginMs = 5000;

/**
 * A client of a bridge over HTTP. Connection errors and 503 are retried until the deadline, so that a restart of the
 * bridge is only a delay, and so is 401: while the secret is being rotated one side may not have the new one yet. That is
 * safe: the bridge delivers an event_id once, and takes a message of the relay once, however often they arrive.
 */
export function httpBridgeClient(options: HttpBridgeOptions): BridgeClient {
  const { origin } = new URL(options.url);
  const secrets = secretsOf(options.secret);
  const pool = new Pool(origin, { connections: 64, connect });
  // Polls have a connection of their own: none of those for events waits with them.
  const polls = new Pool(origin, { connections: 1, connect });
  const call = <T>(request: BridgeCall<T>, timeoutMs = options.timeoutMs): Promise<T> =>
    callUntil(request, { ...options, secrets, pool, timeoutMs });
  const relay = relayOver(httpRelay({ ...options, secrets }, call, polls), Math.random);
  return {
    send: (event) => call(post(routes.events, event, acceptedSchema)),
    status: () => call(get(routes.status, statusSchema), Math.min(options.timeoutMs, statusTimeoutMs)),
    eventStatus: (eventId, client) => call(get(eventPath(eventId, client), eventStatusSchema)),
    responses: (query) => call(get(responsesPath(query), responsesSchema)),
    clearResponses: async (query) => {
      const path = responsesPath(query);
      return (await call({ method: "DELETE", path, body: "", schema: clearedSchema })).deleted;
    },
    approvals: httpApprovals(call, relay),
    relay,
    control: httpControl(call, options.timeoutMs),
    attention: httpAttention(call),
    sessions: httpSessions(call),
    todos: httpTodos(call),
    monitoring: httpMonitoring(call, Math.min(options.timeoutMs, statusTimeoutMs)),
    async close() {
      relay.close();
      await Promise.all([pool.close(), polls.destroy()]);
    },
  };
}

function httpRelay(
  options: Omit<CallContext, "pool" | "timeoutMs">,
  call: <T>(request: BridgeCall<T>) => Promise<T>,
  polls: Dispatcher,
): RelaySource {
  return {
    publish: (publication) => call(post(routes.publish, publication, publishedSchema)),
    recall: (request) => call(post(routes.recall, request, recalledSchema)),
    follow: (request, signal) => {
      const context = { ...options, pool: polls, timeoutMs: request.wait_ms + pollMarginMs };
      return callOnce(post(routes.follow, request, followedSchema), context, signal);
    },
  };
}

function get<T>(path: string, schema: z.ZodType<T>): BridgeCall<T> {
  return { method: "GET", path, body: "", schema };
}

function post<T>(path: string, body: object, schema: z.ZodType<T>): BridgeCall<T> {
  return { method: "POST", path, body: JSON.stringify(body), schema };
}
