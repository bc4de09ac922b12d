import {
  type DeadLetterAnswer,
  type DeadLetterFate,
  type DeadLetterQuery,
  type DeadLetterRequest,
  type DeadLetters,
  deadLetterAnswerSchema,
  deadLetterRoutes,
  deadLettersPath,
  deadLettersSchema,
} from "../../contract/dead-letters.ts";
import { type EventTrace, eventTraceSchema, type History, historySchema } from "../../contract/monitoring.ts";
import {
  type BridgeTelling,
  bridgeTellingSchema,
  type ServerTelling,
  toldSchema,
} from "../../contract/monitoring-servers.ts";
import { routes } from "../../contract/routes.ts";
import type { Monitoring } from "../bridge/monitoring/monitoring.ts";
import type { BridgeCall } from "./bridge-calls.ts";

/** What people who operate it see of the bridge. Its methods throw only errors of the catalogue. */
export type MonitoringClient = {
  state(): Promise<BridgeTelling>;
  history(hours: number): Promise<History>;
  /** One event from the call to Telegram; without a client it is anybody's. Throws EVENT_NOT_FOUND. */
  trace(eventId: string, client: string | undefined): Promise<EventTrace>;
  /** Tells how this server is. Doing it again is harmless. */
  tell(telling: ServerTelling): Promise<void>;
  /** What Telegram refused for good, newest first. */
  deadLetters(query: DeadLetterQuery): Promise<DeadLetters>;
  /** Sends a refused message again, or deletes it; it is done once. Throws DEAD_LETTER_NOT_FOUND. */
  settleDeadLetter(fate: DeadLetterFate, id: number, request: DeadLetterRequest): Promise<DeadLetterAnswer>;
};

/** `timeoutMs` holds for what is asked again and again: it is soon asked again. */
type Call = <T>(request: BridgeCall<T>, timeoutMs?: number) => Promise<T>;

export function httpMonitoring(call: Call, shortMs: number): MonitoringClient {
  const get = { method: "GET", body: "" } as const;
  const at = (route: string, id: string | number) =>
    route.replace(":id", encodeURIComponent(String(id).toWellFormed()));
  return {
    state: () => call({ ...get, path: routes.bridgeMonitoring, schema: bridgeTellingSchema }, shortMs),
    history: (hours) => call({ ...get, path: `${routes.bridgeHistory}?hours=${hours}`, schema: historySchema }),
    trace(eventId, client) {
      const query = client === undefined ? "" : `?client=${encodeURIComponent(client.toWellFormed())}`;
      return call({ ...get, path: at(routes.bridgeEventTrace, eventId) + query, schema: eventTraceSchema });
    },
    async tell(telling) {
      const body = JSON.stringify(telling);
      await call({ method: "POST", path: routes.serverTellings, body, schema: toldSchema }, shortMs);
    },
    deadLetters(query) {
      return call({ ...get, path: deadLettersPath(query), schema: deadLettersSchema });
    },
    settleDeadLetter(fate, id, { client, whose }) {
      const path = at(deadLetterRoutes[whose][fate], id);
      return call({ method: "POST", path, body: JSON.stringify({ client }), schema: deadLetterAnswerSchema });
    },
  };
}

/** The part of a bridge in the same process. */
export type LocalMonitoring = Pick<
  Monitoring,
  "state" | "history" | "trace" | "tell" | "deadLetters" | "settleDeadLetter"
>;

type Refusing = <T>(ask: () => T | Promise<T>) => Promise<T>;

/** `refusing` turns refusals of the bridge into errors of the catalogue. */
export function localMonitoring(monitoring: () => LocalMonitoring, refusing: Refusing): MonitoringClient {
  return {
    state: () => refusing(() => monitoring().state()),
    history: (hours) => refusing(() => monitoring().history(hours)),
    trace: (...asked) => refusing(() => monitoring().trace(...asked)),
    tell: (telling) => refusing(() => monitoring().tell(telling)),
    deadLetters: (query) => refusing(() => monitoring().deadLetters(query)),
    settleDeadLetter: (...asked) => refusing(() => monitoring().settleDeadLetter(...asked)),
  };
}
