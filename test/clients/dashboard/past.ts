import {
  type EventTrace,
  eventTraceSchema,
  type History,
  historySchema,
  seriesNames,
} from "../../../contract/monitoring.ts";
import { eventId, hostileText, type StateName, times } from "./states.ts";

type Name = (typeof seriesNames)[number];

const STEPS = 60;
/** The steps from which on it fails, and without a bridge. */
const FAILS_FROM = 29;
const ALONE_FROM = 55;
const STARTS_AT = 58;

const sizes: Readonly<Record<Name, number>> = {
  pending: 34,
  oldest_age_seconds: 5,
  accepted: 70,
  delivered: 138,
  refused: 0,
  requests: 1_200,
  errors: 0,
  limited: 3,
  unauthenticated: 2,
};

const ofServers: readonly Name[] = ["requests", "errors", "limited", "unauthenticated"];

/** A wave that is the same in every run. */
const wave = (step: number, size: number, phase: number) =>
  Math.max(0, Math.round(size * (1 + 0.45 * Math.sin(step / 7 + phase) + 0.25 * Math.sin(step / 2.3 + phase * 2))));

const usual = (name: Name, step: number) =>
  name === "refused" ? Number(step === 38) : wave(step, sizes[name], name.length);

function bad(name: Name, step: number): number {
  const since = step - FAILS_FROM + 1;
  const grown: Partial<Record<Name, number>> = { pending: since * 290, oldest_age_seconds: since * 60, delivered: 0 };
  return grown[name] ?? (sizes[name] < 10 ? wave(step, 40, 1) : usual(name, step));
}

function valueIn(state: StateName, name: Name, step: number): number | null {
  if (state === "empty") return step < STARTS_AT ? null : 0;
  if (state === "no bridge" && step >= ALONE_FROM && !ofServers.includes(name)) return null;
  const isBad = (state === "failing" || state === "hostile") && step >= FAILS_FROM;
  return isBad ? bad(name, step) : usual(name, step);
}

export function historyOf(state: StateName, hours: number, now: number): History {
  const step_seconds = (hours * 3_600) / STEPS;
  const series = Object.fromEntries(
    seriesNames.map((name) => [name, Array.from({ length: STEPS }, (_, step) => valueIn(state, name, step))]),
  );
  return historySchema.parse({ from: Math.floor(now / 1_000) - STEPS * step_seconds, step_seconds, series });
}

export function traceOf(state: StateName, now: number): EventTrace {
  const ago = times(now);
  const text = state === "hostile" ? hostileText.slice(0, 256) : undefined;
  return eventTraceSchema.parse({
    status: {
      event_id: eventId,
      state: "partly_refused",
      accepted_at: ago(12),
      settled_at: ago(9),
      messages: { total: 2, waiting: 0, sent: 1, refused: 1 },
      refusals: [{ chat_id: 42, reason: "Forbidden: bot was blocked by the user", at: ago(9) }],
      replies: [],
    },
    client: text ?? "claude",
    trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
    request_id: "01JDKX2Q4T9V6Z",
    steps: [
      { at: ago(12.09), what: "called", detail: text ?? "send_telegram_message by claude, over MCP" },
      { at: ago(12), what: "accepted", detail: "by team-mcp-server-7d9f8c-2xkqp" },
      { at: ago(11.96), what: "queued", detail: "2 messages" },
      { at: ago(11.9), what: "attempted", chat: text ?? "Operations" },
      { at: ago(11.6), what: "delivered", chat: "Operations", message_id: 4711 },
      { at: ago(11.5), what: "waiting", chat: "Carl", detail: "one message a second to one chat" },
      { at: ago(9.4), what: "attempted", chat: "Carl" },
      { at: ago(9), what: "refused", chat: "Carl", detail: "Forbidden: bot was blocked by the user" },
      { at: ago(2), what: "reply", chat: "Operations", detail: "anna pressed 👍" },
    ],
  });
}
