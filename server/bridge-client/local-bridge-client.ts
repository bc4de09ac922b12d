import type { Accepted } from "../../contract/accepted.ts";
import type { BridgeStatus } from "../../contract/bridge-status.ts";
import { ServerError } from "../../contract/errors.ts";
import type { Event } from "../../contract/event.ts";
import type { EventStatus } from "../../contract/event-status.ts";
import type { Response } from "../../contract/responses.ts";
import type { Approvals } from "../bridge/approvals/approvals.ts";
import type { Attention } from "../bridge/attention/attention.ts";
import type { Control } from "../bridge/control/control.ts";
import type { Clearing, ResponseQuery } from "../bridge/receiving/responses.ts";
import { RefusedError } from "../bridge/refused-error.ts";
import type { RelayHub } from "../bridge/relay/relay.ts";
import { localApprovals } from "./approvals.ts";
import { localAttention } from "./attention.ts";
import type { BridgeClient } from "./bridge-client.ts";
import { localControl } from "./control.ts";
import { type LocalMonitoring, localMonitoring } from "./monitoring.ts";
import { type RelaySource, relayOver } from "./relay.ts";
import { type LocalChannel, type LocalPairings, localSessions } from "./sessions.ts";
import { type LocalTodos, localTodos } from "./todos.ts";

/** The part of a bridge in the same process that a client needs. */
export type LocalBridge = {
  accept(event: Event): Promise<Accepted>;
  status(): BridgeStatus;
  eventStatus(eventId: string, client: string | undefined): EventStatus;
  responses(query: ResponseQuery): readonly Response[];
  countResponses(query: ResponseQuery): number;
  clearResponses(clearing: Clearing): Promise<number>;
  readonly approvals: Pick<Approvals, "ask" | "approval" | "list" | "withdraw">;
  readonly relay: RelayHub;
  readonly control: Pick<Control, "state" | "pause" | "resume" | "restart">;
  readonly attention: Pick<Attention, "setModes">;
  /** Resolves when the bridge is open; absent for one that always is. It is asked for anew with every call. */
  whenOpen?(): Promise<void>;
  readonly channel: LocalChannel;
  readonly pairings: LocalPairings;
  readonly todos: LocalTodos;
  readonly monitoring: LocalMonitoring;
};

/** A restart in this process takes as long as the requests to Telegram that are under way. */
const restartTimeoutMs = 30_000;

/** A client of a bridge in the same process (standalone role). Closing it leaves the bridge open. */
export function localBridgeClient(bridge: LocalBridge): BridgeClient {
  const refusing = refusingOf(bridge);
  const relay = relayOver(localRelay(bridge, refusing), Math.random);
  return {
    send: (event) => refusing(() => bridge.accept(event)),
    status: () => refusing(() => bridge.status()),
    eventStatus: (eventId, client) => refusing(() => bridge.eventStatus(eventId, client)),
    responses: ({ since, ...query }) =>
      refusing(() => {
        const asked = { ...query, since: since === undefined ? 0 : Date.parse(since) };
        return { responses: bridge.responses(asked), total: bridge.countResponses(asked) };
      }),
    clearResponses: ({ client, until, unclaimed }) =>
      refusing(() => bridge.clearResponses({ client, until: Date.parse(until), unclaimed: unclaimed === "true" })),
    approvals: localApprovals(refusing, () => bridge.approvals, relay),
    relay,
    control: localControl(refusing, () => bridge.control, restartTimeoutMs),
    attention: localAttention(refusing, () => bridge.attention),
    sessions: localSessions(
      refusing,
      () => bridge.channel,
      () => bridge.pairings,
    ),
    todos: localTodos(() => bridge.todos, refusing),
    monitoring: localMonitoring(() => bridge.monitoring, refusing),
    close: async () => relay.close(),
  };
}

function localRelay(bridge: LocalBridge, refusing: Refusing): RelaySource {
  return {
    publish: (publication) => refusing(() => ({ position: bridge.relay.publish(publication) })),
    recall: (request) => refusing(() => bridge.relay.recall(request)),
    follow: (request, signal) => refusing(() => bridge.relay.follow(request, signal)),
  };
}

type Refusing = <T>(ask: () => T | Promise<T>) => Promise<T>;

/** Asks a bridge that is open; its refusals are errors of the catalogue. */
function refusingOf(bridge: LocalBridge): Refusing {
  return async (ask) => {
    try {
      await bridge.whenOpen?.();
      return await ask();
    } catch (error) {
      throw refusal(error);
    }
  };
}

function refusal(error: unknown): unknown {
  if (!(error instanceof RefusedError)) return error;
  const { code, reason, message, retryAfterSeconds: retry_after } = error;
  return new ServerError(code, { reason: code === "CLIENT_QUOTA_EXCEEDED" ? message : reason, retry_after }, error);
}
