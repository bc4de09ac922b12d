import type { Accepted } from "../../contract/accepted.ts";
import type { BridgeStatus } from "../../contract/bridge-status.ts";
import { ServerError } from "../../contract/errors.ts";
import type { Event } from "../../contract/event.ts";
import type { EventStatus } from "../../contract/event-status.ts";
import type { Response } from "../../contract/responses.ts";
import type { Clearing, ResponseQuery } from "../bridge/receiving/inbox.ts";
import { RefusedError } from "../bridge/refused-error.ts";
import type { RelayHub } from "../bridge/relay/relay.ts";
import type { BridgeClient } from "./bridge-client.ts";
import { type RelaySource, relayOver } from "./relay.ts";
import { type LocalTodos, localTodos } from "./todos.ts";

/** The part of a bridge in the same process that a client needs. */
export type LocalBridge = {
  accept(event: Event): Promise<Accepted>;
  status(): BridgeStatus;
  eventStatus(eventId: string, client: string | undefined): EventStatus;
  responses(query: ResponseQuery): readonly Response[];
  countResponses(query: ResponseQuery): number;
  clearResponses(clearing: Clearing): Promise<number>;
  readonly relay: RelayHub;
  readonly todos: LocalTodos;
};

/** A client of a bridge in the same process (standalone role). Closing it leaves the bridge open. */
export function localBridgeClient(bridge: LocalBridge): BridgeClient {
  const relay = relayOver(localRelay(bridge.relay), Math.random);
  return {
    send: (event) => refusing(() => bridge.accept(event)),
    status: async () => bridge.status(),
    eventStatus: (eventId, client) => refusing(() => bridge.eventStatus(eventId, client)),
    responses: ({ since, ...query }) =>
      refusing(() => {
        const asked = { ...query, since: since === undefined ? 0 : Date.parse(since) };
        return { responses: bridge.responses(asked), total: bridge.countResponses(asked) };
      }),
    clearResponses: ({ client, until, unclaimed }) =>
      refusing(() => bridge.clearResponses({ client, until: Date.parse(until), unclaimed: unclaimed === "true" })),
    relay,
    todos: localTodos(bridge.todos, refusing),
    close: async () => relay.close(),
  };
}

function localRelay(hub: RelayHub): RelaySource {
  return {
    publish: (publication) => refusing(() => ({ position: hub.publish(publication) })),
    recall: (request) => refusing(() => hub.recall(request)),
    follow: (request, signal) => refusing(() => hub.follow(request, signal)),
  };
}

/** The refusals of the bridge as errors of the catalogue. */
async function refusing<T>(ask: () => T | Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw refusal(error);
  }
}

function refusal(error: unknown): unknown {
  if (!(error instanceof RefusedError)) return error;
  const { code, reason, message, retryAfterSeconds: retry_after } = error;
  return new ServerError(code, { reason: code === "CLIENT_QUOTA_EXCEEDED" ? message : reason, retry_after }, error);
}
