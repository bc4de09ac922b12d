import {
  type Activity,
  type BridgeMonitoring,
  type EventTrace,
  eventTraceSchema,
  type History,
  historySchema,
  type Overview,
  overviewSchema,
  type PodReport,
  seriesNames,
} from "../../../contract/monitoring.ts";

export const stateNames = ["empty", "busy", "failing", "no bridge", "hostile"] as const;

export type StateName = (typeof stateNames)[number];

/** What nobody means well with: markup, a text that is written backwards, what is not seen, a heap of marks, no end. */
export const hostileText = `"><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>\u202Egpj.exe\u2066\u200B\u0000 z${"\u0301".repeat(40)} ${"W".repeat(60)}`;

export const eventId = "8a6e0b2b-a2d1-4f25-a842-77d86f628f6f";

/** Times so many seconds before a moment. */
const times = (now: number) => (seconds: number) => new Date(now - seconds * 1_000).toISOString();

type Ago = ReturnType<typeof times>;

const pod = (ago: Ago, name: string, changes: Partial<PodReport> = {}): PodReport => ({
  name,
  role: "server",
  version: "0.1.0",
  started_at: ago(93_600),
  seen_at: ago(2),
  health: "healthy",
  reasons: [],
  draining: false,
  memory_bytes: 118_489_088,
  event_loop_delay_ms: 11.2,
  streams: 4,
  per_minute: { requests: 412.5, errors: 0, limited: 0, unauthenticated: 0.4, tool_calls: 96 },
  ...changes,
});

const bridgePod = (ago: Ago, changes: Partial<PodReport> = {}) =>
  pod(ago, "team-bridge-0", {
    role: "bridge",
    streams: 0,
    memory_bytes: 96_468_992,
    per_minute: { requests: 0, errors: 0, limited: 0, unauthenticated: 0, tool_calls: 0 },
    ...changes,
  });

const emptyBridge = (ago: Ago): BridgeMonitoring => ({
  bridge: bridgePod(ago, { started_at: ago(95) }),
  telegram: { reachable: true, since: ago(90), latency_ms: 74, bot_username: "team_notes_bot" },
  receiving: { mode: "polling", receiving: true },
  queue: { usable: true, pending: 0, limit: 10_000, oldest_age_seconds: 0, dead_letters: 0 },
  deliveries: { accepted_events: 0, delivered: 0, refused: 0, retries: 0, average_ms: null, slowest_ms: null },
  pacing: { messages_per_second: 30, used_last_second: 0, waits: [] },
  refusals: [],
  approvals: [],
  dead_letters: [],
  activity: [],
});

function empty(ago: Ago): Omit<Overview, "at"> {
  const state = emptyBridge(ago);
  return {
    name: "team",
    health: "healthy",
    since: ago(88),
    reasons: [],
    bridge: { reachable: true, since: ago(90), state },
    pods: [
      pod(ago, "team-mcp-server-7d9f8c-2xkqp", {
        started_at: ago(96),
        streams: 0,
        per_minute: { requests: 0, errors: 0, limited: 0, unauthenticated: 0, tool_calls: 0 },
      }),
      state.bridge,
    ],
    bans: [],
    bans_total: 0,
    alerts: [],
    activity: [{ at: ago(95), kind: "started", text: "The bridge 0.1.0 has started", pod: "team-bridge-0" }],
  };
}

const clients = ["claude", "ci", "nightly-backup", "cursor"];

function busyActivity(ago: Ago, first = 0): Activity[] {
  return Array.from({ length: 100 }, (_, index): Activity => {
    const number = first + 100 - index;
    const client = clients[number % clients.length] ?? "claude";
    const event_id =
      index < 2
        ? eventId
        : `${(0x5f3a_0000 + number * 7919).toString(16)}-3c1e-4b60-9a57-0f5d2be1${String(number % 10_000).padStart(4, "0")}`;
    const event = { at: ago(index * 3.4), event_id, client };
    if (number % 23 === 0) return { ...event, kind: "reply", text: "anna answered 👍", pod: "team-bridge-0" };
    if (number % 17 === 0)
      return {
        ...event,
        kind: "approval_asked",
        text: "Deploy 1.42 to production? 2 of 3 have to agree",
        pod: "team-bridge-0",
      };
    if (number % 2 === 0) return { ...event, kind: "delivered", text: "to Operations in 412 ms", pod: "team-bridge-0" };
    return {
      ...event,
      kind: "accepted",
      text: "send_telegram_message: 2 messages",
      pod: `team-mcp-server-7d9f8c-${number % 3 === 0 ? "2xkqp" : "9hnvw"}`,
    };
  });
}

function busy(ago: Ago, beat = 0): Omit<Overview, "at"> {
  const activity = busyActivity(ago, beat);
  const state: BridgeMonitoring = {
    ...emptyBridge(ago),
    bridge: bridgePod(ago),
    queue: {
      usable: true,
      pending: 38 + (beat % 40),
      limit: 10_000,
      oldest_age_seconds: 4 + (beat % 5),
      dead_letters: 1,
    },
    deliveries: {
      accepted_events: 4_210 + beat,
      delivered: 8_377 + beat,
      refused: 1,
      retries: 12,
      average_ms: 640,
      slowest_ms: 4_210,
    },
    pacing: {
      messages_per_second: 30,
      used_last_second: 18 + (beat % 9),
      waits: [
        { chat: "Operations", reason: "one message a second to one chat", until: ago(-3) },
        { chat: "-1001234567890", reason: "20 messages a minute to one group", until: ago(-41) },
      ],
    },
    approvals: [
      {
        approval_id: "ap-1",
        client: "ci",
        title: "Deploy 1.42 to production?",
        asked_at: ago(260),
        expires_at: ago(-1_540),
        votes: 1,
        required: 2,
      },
      {
        approval_id: "ap-2",
        client: "nightly-backup",
        title: "Delete backups older than 90 days (214 files)?",
        asked_at: ago(3_900),
        expires_at: ago(-10_500),
        votes: 0,
        required: 1,
      },
    ],
    dead_letters: [
      {
        id: 71,
        event_id: "5f3b9c10-3c1e-4b60-9a57-0f5d2be10071",
        client: "ci",
        chat: "Carl",
        reason: "Forbidden: bot was blocked by the user",
        at: ago(1_320),
      },
    ],
    refusals: [{ chat: "Carl", reason: "Forbidden: bot was blocked by the user", messages: 1, at: ago(1_320) }],
    activity,
  };
  return {
    name: "team",
    health: "healthy",
    since: ago(273_600),
    reasons: [],
    bridge: { reachable: true, since: ago(273_600), state },
    pods: [
      pod(ago, "team-mcp-server-7d9f8c-2xkqp"),
      pod(ago, "team-mcp-server-7d9f8c-9hnvw", { memory_bytes: 131_072_000, streams: 7, event_loop_delay_ms: 12.9 }),
      pod(ago, "team-mcp-server-7d9f8c-kk4tz", {
        per_minute: { requests: 388, errors: 0, limited: 2.5, unauthenticated: 0, tool_calls: 81 },
      }),
      state.bridge,
    ],
    bans: [
      {
        address: "203.0.113.77",
        reason: "authentication_failures",
        since: ago(840),
        until: ago(-2_760),
        pods: ["team-mcp-server-7d9f8c-2xkqp"],
      },
    ],
    bans_total: 1,
    alerts: [
      {
        name: "MessagesFailed",
        severity: "warning",
        message: "Telegram refused a message for good in the last 15 minutes",
        since: ago(1_320),
        firing: true,
      },
    ],
    activity,
  };
}

function failing(ago: Ago): Omit<Overview, "at"> {
  const base = busy(ago);
  const error = "getMe: connect ETIMEDOUT 149.154.167.220:443";
  const state: BridgeMonitoring = {
    ...(base.bridge.reachable ? base.bridge.state : emptyBridge(ago)),
    bridge: bridgePod(ago, {
      health: "unhealthy",
      reasons: [`Telegram not reachable: ${error}`],
      event_loop_delay_ms: 14,
    }),
    telegram: { reachable: false, since: ago(1_860), error },
    receiving: { mode: "polling", receiving: false, error, hint: "Look at the way out of the cluster" },
    paused: { since: ago(720), by: "claude" },
    queue: { usable: true, pending: 9_214, limit: 10_000, oldest_age_seconds: 1_871, dead_letters: 137 },
    deliveries: {
      accepted_events: 4_800,
      delivered: 2_020,
      refused: 137,
      retries: 4_411,
      average_ms: 96_200,
      slowest_ms: 1_240_000,
    },
    pacing: {
      messages_per_second: 30,
      used_last_second: 0,
      waits: [{ chat: "all chats", reason: "Telegram asked for a pause of 37 s", until: ago(-21) }],
    },
    dead_letters: Array.from({ length: 6 }, (_, index) => ({
      id: 137 - index,
      event_id: `5f3b9c10-3c1e-4b60-9a57-0f5d2be1${1000 + index}`,
      client: clients[index % 4] ?? "ci",
      chat: index % 2 === 0 ? "Carl" : "-1001234567890",
      reason: index % 2 === 0 ? "Forbidden: bot was blocked by the user" : "Bad Request: TOPIC_CLOSED",
      at: ago(60 + index * 80),
    })),
    refusals: [
      { chat: "Carl", reason: "Forbidden: bot was blocked by the user", messages: 80, at: ago(60) },
      { chat: "-1001234567890", reason: "Bad Request: TOPIC_CLOSED", messages: 57, at: ago(140) },
    ],
  };
  return {
    ...base,
    health: "degraded",
    since: ago(1_860),
    reasons: [
      `Telegram not reachable: ${error}`,
      "the queue is fuller than 90 %: 9,214 of 10,000 messages",
      "delivery has been stopped by claude",
    ],
    bridge: { reachable: true, since: ago(273_600), state },
    pods: [
      pod(ago, "team-mcp-server-7d9f8c-2xkqp", { health: "degraded", reasons: ["the bridge is degraded"] }),
      pod(ago, "team-mcp-server-7d9f8c-9hnvw", {
        health: "unhealthy",
        reasons: ["the file of API keys is empty"],
        event_loop_delay_ms: 412,
        per_minute: { requests: 1_804, errors: 31, limited: 640, unauthenticated: 310, tool_calls: 44 },
      }),
      pod(ago, "team-mcp-server-7d9f8c-kk4tz", { draining: true }),
      state.bridge,
    ],
    bans: Array.from({ length: 8 }, (_, index) => ({
      address: index % 2 === 0 ? `203.0.113.${70 + index}` : `2001:db8:${index}::/64`,
      reason: index % 3 === 0 ? ("exceeded_limits" as const) : ("authentication_failures" as const),
      ...(index === 3 ? { client: "ci" } : {}),
      since: ago(300 + index * 60),
      until: ago(-3_300 + index * 60),
      pods: ["team-mcp-server-7d9f8c-2xkqp", "team-mcp-server-7d9f8c-9hnvw"],
    })),
    bans_total: 214,
    alerts: [
      {
        name: "MessagesDelayed",
        severity: "high",
        message: "The oldest message waits for 31 min",
        since: ago(1_560),
        firing: true,
      },
      {
        name: "AuthenticationFailures",
        severity: "critical",
        message: "5.2 wrong or missing keys a second",
        since: ago(75),
        firing: true,
      },
      {
        name: "MessagesFailed",
        severity: "warning",
        message: "Telegram refused 137 messages for good in the last 15 minutes",
        since: ago(600),
        firing: true,
      },
      {
        name: "RateLimitViolations",
        severity: "high",
        message: "10.7 requests a second over the limit",
        since: ago(70),
        firing: false,
      },
    ],
    activity: [
      {
        at: ago(4),
        kind: "ban",
        text: "203.0.113.70: 10 exceeded limits in 300 s",
        pod: "team-mcp-server-7d9f8c-9hnvw",
      },
      {
        at: ago(60),
        kind: "refused",
        text: "Carl: Forbidden: bot was blocked by the user",
        event_id: eventId,
        client: "claude",
        pod: "team-bridge-0",
      },
      { at: ago(720), kind: "delivery_stopped", text: "by claude", client: "claude", pod: "team-bridge-0" },
      { at: ago(1_860), kind: "telegram_unreachable", text: error, pod: "team-bridge-0" },
      ...base.activity.slice(0, 60).map((each, index) => ({ ...each, at: ago(1_900 + index * 3) })),
    ],
  };
}

function noBridge(ago: Ago): Omit<Overview, "at"> {
  const base = busy(ago);
  const error = "connect ECONNREFUSED 10.96.14.7:8080";
  return {
    ...base,
    health: "unhealthy",
    since: ago(310),
    reasons: [`the bridge does not answer: ${error}`],
    bridge: { reachable: false, since: ago(310), error },
    pods: base.pods
      .filter(({ role }) => role === "server")
      .map((each) => ({ ...each, health: "unhealthy" as const, reasons: ["the bridge does not answer"] })),
    alerts: [
      {
        name: "BridgeDown",
        severity: "critical",
        message: "The bridge has not answered for 5 min",
        since: ago(310),
        firing: true,
      },
    ],
    activity: base.activity
      .filter(({ kind }) => kind === "accepted")
      .map((each, index) => ({ ...each, at: ago(312 + index * 4) })),
  };
}

/** Each text that a client, a person or another machine may have written is hostile. */
function hostile(ago: Ago): Omit<Overview, "at"> {
  const text = hostileText.slice(0, 256);
  const replaced = (value: unknown, name = ""): unknown => {
    if (Array.isArray(value)) return value.map((each) => replaced(each, name));
    if (typeof value === "object" && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, replaced(each, key)]));
    const foreign = [
      "name",
      "reasons",
      "error",
      "hint",
      "by",
      "chat",
      "reason",
      "client",
      "title",
      "text",
      "message",
      "version",
      "pod",
      "event_id",
      "address",
      "bot_username",
      "mode",
      "pods",
    ];
    if (typeof value !== "string" || !foreign.includes(name)) return value;
    return ["authentication_failures", "exceeded_limits"].includes(value) ? value : text;
  };
  const base = failing(ago);
  // Names that have to differ, as keys of rows.
  const numbered = {
    ...base,
    pods: base.pods.slice(0, 1),
    bans: base.bans.slice(0, 1),
    alerts: base.alerts.slice(0, 1),
  };
  return replaced(numbered) as Omit<Overview, "at">;
}

const makers = { empty, busy, failing, "no bridge": noBridge, hostile } as const;

/** What the page is told in a state; `beat` changes numbers and activity of a busy one. */
export function overviewOf(state: StateName, now: number, beat = 0): Overview {
  const ago = times(now);
  return overviewSchema.parse({ at: ago(0), ...(state === "busy" ? busy(ago, beat) : makers[state](ago)) });
}

/** A wave that is the same in every run. */
const wave = (step: number, size: number, phase: number) =>
  Math.max(0, Math.round(size * (1 + 0.45 * Math.sin(step / 7 + phase) + 0.25 * Math.sin(step / 2.3 + phase * 2))));

export function historyOf(state: StateName, hours: number, now: number): History {
  const step_seconds = hours * 60;
  const size = {
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
  const isBad = state === "failing" || state === "hostile";
  const valueOf = (name: (typeof seriesNames)[number], step: number): number | null => {
    if (state === "empty") return step < 58 ? null : 0;
    if (state === "no bridge" && step > 54 && !["requests", "errors", "limited", "unauthenticated"].includes(name))
      return null;
    if (isBad && step > 28) {
      if (name === "pending") return (step - 28) * 290;
      if (name === "oldest_age_seconds") return (step - 28) * 60;
      if (name === "delivered") return 0;
      if (["refused", "errors", "limited", "unauthenticated"].includes(name)) return wave(step, 40, 1);
    }
    if (name === "refused") return step === 38 ? 1 : 0;
    return wave(step, size[name], name.length);
  };
  const series = Object.fromEntries(
    seriesNames.map((name) => [name, Array.from({ length: 60 }, (_, step) => valueOf(name, step))]),
  );
  return historySchema.parse({ from: Math.floor(now / 1_000) - 60 * step_seconds, step_seconds, series });
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
