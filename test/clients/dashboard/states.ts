import {
  type Activity,
  type BridgeMonitoring,
  type Overview,
  overviewSchema,
  type PodReport,
  type ShownAlert,
  type ShownBan,
} from "../../../contract/monitoring.ts";

export const stateNames = ["empty", "busy", "failing", "no bridge", "hostile"] as const;

export type StateName = (typeof stateNames)[number];

/** What nobody means well with: markup, a text that is written backwards, what is not seen, a heap of marks, no end. */
export const hostileText = `"><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>\u202Egpj.exe\u2066\u200B\u0000 z${"\u0301".repeat(40)} ${"W".repeat(60)}`;

export const eventId = "8a6e0b2b-a2d1-4f25-a842-77d86f628f6f";

/** Times so many seconds before a moment. */
export const times = (now: number) => (seconds: number) => new Date(now - seconds * 1_000).toISOString();

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
    if (number % 23 === 0) return { ...event, kind: "reply", text: "anna answered", pod: "team-bridge-0" };
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

function busyBridge(ago: Ago, beat: number, activity: readonly Activity[]): BridgeMonitoring {
  const asked = { client: "ci", title: "Deploy 1.42 to production?", votes: 1, required: 2 };
  const askedLong = { client: "nightly-backup", title: "Delete backups older than 90 days (214 files)?" };
  return {
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
      { approval_id: "ap-1", ...asked, asked_at: ago(260), expires_at: ago(-1_540) },
      { approval_id: "ap-2", ...askedLong, asked_at: ago(3_900), expires_at: ago(-10_500), votes: 0, required: 1 },
    ],
    dead_letters: [{ id: 71, event_id: "5f3b9c10-3c1e-4b60-9a57-0f5d2be10071", client: "ci", ...blocked(ago, 1_320) }],
    refusals: [{ ...blocked(ago, 1_320), messages: 1 }],
    activity,
  };
}

const blocked = (ago: Ago, seconds: number) => ({
  chat: "Carl",
  reason: "Forbidden: bot was blocked by the user",
  at: ago(seconds),
});

const closed = (ago: Ago, seconds: number) => ({
  chat: "-1001234567890",
  reason: "Bad Request: TOPIC_CLOSED",
  at: ago(seconds),
});

function busy(ago: Ago, beat = 0): Omit<Overview, "at"> {
  const activity = busyActivity(ago, beat);
  const state = busyBridge(ago, beat, activity);
  const limited = { requests: 388, errors: 0, limited: 2.5, unauthenticated: 0, tool_calls: 81 };
  return {
    name: "team",
    health: "healthy",
    since: ago(273_600),
    reasons: [],
    bridge: { reachable: true, since: ago(273_600), state },
    pods: [
      pod(ago, "team-mcp-server-7d9f8c-2xkqp"),
      pod(ago, "team-mcp-server-7d9f8c-9hnvw", { memory_bytes: 131_072_000, streams: 7, event_loop_delay_ms: 12.9 }),
      pod(ago, "team-mcp-server-7d9f8c-kk4tz", { per_minute: limited }),
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

const unreachable = "getMe: connect ETIMEDOUT 149.154.167.220:443";

function failingBridge(ago: Ago): BridgeMonitoring {
  return {
    ...busyBridge(ago, 0, []),
    bridge: bridgePod(ago, { health: "unhealthy", reasons: [`Telegram not reachable: ${unreachable}`] }),
    telegram: { reachable: false, since: ago(1_860), error: unreachable },
    receiving: { mode: "polling", receiving: false, error: unreachable, hint: "Look at the way out of the cluster" },
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
      ...(index % 2 === 0 ? blocked : closed)(ago, 60 + index * 80),
    })),
    refusals: [
      { ...blocked(ago, 60), messages: 80 },
      { ...closed(ago, 140), messages: 57 },
    ],
  };
}

const failingPods = (ago: Ago): PodReport[] => [
  pod(ago, "team-mcp-server-7d9f8c-2xkqp", { health: "degraded", reasons: ["the bridge is degraded"] }),
  pod(ago, "team-mcp-server-7d9f8c-9hnvw", {
    health: "unhealthy",
    reasons: ["the file of API keys is empty"],
    event_loop_delay_ms: 412,
    per_minute: { requests: 1_804, errors: 31, limited: 640, unauthenticated: 310, tool_calls: 44 },
  }),
  pod(ago, "team-mcp-server-7d9f8c-kk4tz", { draining: true }),
];

const manyBans = (ago: Ago): ShownBan[] =>
  Array.from({ length: 8 }, (_, index) => ({
    address: index % 2 === 0 ? `203.0.113.${70 + index}` : `2001:db8:${index}::/64`,
    reason: index % 3 === 0 ? "exceeded_limits" : "authentication_failures",
    ...(index === 3 ? { client: "ci" } : {}),
    since: ago(300 + index * 60),
    until: ago(-3_300 + index * 60),
    pods: ["team-mcp-server-7d9f8c-2xkqp", "team-mcp-server-7d9f8c-9hnvw"],
  }));

function failingAlerts(ago: Ago): ShownAlert[] {
  const alert = (name: string, severity: ShownAlert["severity"], message: string, seconds: number, firing = true) => ({
    name,
    severity,
    message,
    since: ago(seconds),
    firing,
  });
  return [
    alert("MessagesDelayed", "high", "The oldest message waits for 31 min", 1_560),
    alert("AuthenticationFailures", "critical", "5.2 wrong or missing keys a second", 75),
    alert("MessagesFailed", "warning", "Telegram refused 137 messages for good in the last 15 minutes", 600),
    alert("RateLimitViolations", "high", "10.7 requests a second over the limit", 70, false),
  ];
}

function failing(ago: Ago): Omit<Overview, "at"> {
  const base = busy(ago);
  const state = failingBridge(ago);
  const refused = { event_id: eventId, client: "claude", pod: "team-bridge-0" };
  return {
    ...base,
    health: "degraded",
    since: ago(1_860),
    reasons: [
      `Telegram not reachable: ${unreachable}`,
      "the queue is fuller than 90 %: 9,214 of 10,000 messages",
      "delivery has been stopped by claude",
    ],
    bridge: { reachable: true, since: ago(273_600), state },
    pods: [...failingPods(ago), state.bridge],
    bans: manyBans(ago),
    bans_total: 214,
    alerts: failingAlerts(ago),
    activity: [
      {
        at: ago(4),
        kind: "ban",
        text: "203.0.113.70: 10 exceeded limits in 300 s",
        pod: "team-mcp-server-7d9f8c-9hnvw",
      },
      { at: ago(60), kind: "refused", text: "Carl: Forbidden: bot was blocked by the user", ...refused },
      { at: ago(720), kind: "delivery_stopped", text: "by claude", client: "claude", pod: "team-bridge-0" },
      { at: ago(1_860), kind: "telegram_unreachable", text: unreachable, pod: "team-bridge-0" },
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
