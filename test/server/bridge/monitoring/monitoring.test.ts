import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { historySchema, type PodReport } from "../../../../contract/monitoring.ts";
import { bridgeTellingSchema, type ServerTelling, tellingServers } from "../../../../contract/monitoring-servers.ts";
import type { BridgeClient } from "../../../../server/bridge-client/bridge-client.ts";
import { httpBridgeClient } from "../../../../server/bridge-client/http-bridge-client.ts";
import type { MonitoringClient } from "../../../../server/bridge-client/monitoring.ts";
import { startTelegram, type TelegramServer } from "../../../telegram/telegram.ts";
import {
  bridgeFor,
  configFor,
  eventOf,
  post,
  type Scratch,
  SECRET,
  scratch,
  signedFetch,
  type TestBridge,
  until,
} from "../support.ts";

const MINUTE = 60_000;
const trace = { request_id: "req-1", trace_id: "4bf92f3577b34da6a3ce929d0e0e4736" };

let directory: Scratch;
let telegram: TelegramServer;
let bridge: TestBridge;
let client: BridgeClient;
let monitoring: MonitoringClient;
/** Added to the clock of the next bridge. */
let later = 0;

async function open(): Promise<void> {
  const rates = { messagesPerSecond: 1_000, messagesPerChatPerSecond: 1_000, updates: { mode: "Polling" } } as const;
  const config = configFor(directory.path, telegram.url, { telegram: { allowedUsers: [1, 2], ...rates } });
  bridge = await bridgeFor(config, () => Date.now() + later);
  await until("readiness", () => bridge.obstacles().length === 0);
  const clock = () => Date.now() + later;
  client = httpBridgeClient({ url: bridge.url, secret: SECRET, timeoutMs: 5_000, clock });
  ({ monitoring } = client);
}

async function reopen(ms: number): Promise<void> {
  await client.close();
  await bridge.close();
  later += ms;
  await open();
}

beforeEach(async () => {
  // A minute begins, so that what a test does falls into one.
  later = MINUTE - (Date.now() % MINUTE);
  directory = await scratch();
  telegram = await startTelegram({ limits: false });
  await open();
});

afterEach(async () => {
  await client.close();
  await bridge.close();
  await telegram.close();
  await directory[Symbol.asyncDispose]();
});

const delivered = (chat: number) => telegram.delivered().filter(({ chat_id }) => chat_id === chat);

async function refusedFor2(id: string): Promise<number> {
  telegram.control({ blocked: [2] });
  await bridge.accept(eventOf(id));
  await until("the refusal", () => bridge.eventStatus(id, "tester").state === "partly_refused");
  return (await monitoring.state()).dead_letters.find(({ event_id }) => event_id === id)?.id ?? 0;
}

function report(name: string): PodReport {
  const times = { started_at: "2026-01-01T00:00:00Z", seen_at: "2026-01-01T00:00:00Z" };
  const per_minute = { requests: 1, errors: 0, limited: 0, unauthenticated: 0, tool_calls: 0 };
  const usage = { memory_bytes: 1, event_loop_delay_ms: 0, streams: 0, per_minute };
  return { name, role: "server", version: "1", ...times, health: "healthy", reasons: [], draining: false, ...usage };
}

function telling(process: string, requests: number, fields: Partial<ServerTelling> = {}): ServerTelling {
  const totals = { requests, errors: 0, limited: 0, unauthenticated: 0 };
  const rest = { slow_share: 0, keys_failed: false, bans: [], bans_total: 0 };
  return { process, report: report(process), totals, ...rest, ...fields };
}

describe("the state", () => {
  test("of a bridge that did nothing yet is empty, and says so instead of zero milliseconds", async () => {
    const state = await monitoring.state();
    expect(bridgeTellingSchema.parse(state)).toEqual(state);
    expect(state).toMatchObject({
      bridge: { name: "bridge", role: "bridge", version: "1.2.3", health: "healthy", reasons: [] },
      telegram: { reachable: true },
      queue: { usable: true, pending: 0, dead_letters: 0 },
      deliveries: { accepted_events: 0, delivered: 0, refused: 0, average_ms: null, slowest_ms: null },
      pacing: { messages_per_second: 1_000, waits: [] },
      servers: [],
    });
    expect(state.activity.map(({ kind }) => kind).toSorted()).toEqual(["started", "telegram_reachable"]);
  });

  test("counts what was accepted, delivered, refused and tried again, and tells no message's text", async () => {
    telegram.control({ faults: [{ kind: "status", status: 502, times: 1 }] });
    await bridge.accept(eventOf("a", { title: "very secret title", description: "very secret words" }));
    await until("both", () => bridge.eventStatus("a", "tester").state === "sent");
    await refusedFor2("b");
    const state = await monitoring.state();
    expect(state.deliveries).toMatchObject({ accepted_events: 2, delivered: 3, refused: 1, retries: 1 });
    expect(state.deliveries.average_ms).toBeGreaterThanOrEqual(0);
    expect(state.queue.dead_letters).toBe(1);
    expect(state.recent.refused_15m).toBe(1);
    expect(state.dead_letters).toMatchObject(
      [{ event_id: "b", client: "tester", chat: "2", reason: /blocked/ }].map((letter) => ({
        ...letter,
        reason: expect.stringMatching(letter.reason),
      })),
    );
    const kinds = state.activity.map(({ kind, event_id }) => `${kind} ${event_id ?? ""}`.trim());
    expect(kinds).toEqual(
      expect.arrayContaining(["accepted a", "accepted b", "delivered a", "delivered b", "refused b"]),
    );
    expect(kinds.filter((kind) => kind === "delivered a")).toHaveLength(2);
    expect(JSON.stringify(state)).not.toContain("secret");
  });

  test("tells what chats wait for, who stopped delivery, and what people are asked", async () => {
    telegram.control({ faults: [{ kind: "rate_limit", seconds: 30, scope: "chat", times: 1 }] });
    await bridge.accept(eventOf("a"));
    await until("the wait", async () => (await monitoring.state()).pacing.waits.length === 1);
    await client.control.pause("claude");
    await bridge.accept(eventOf("q", { type: "approval_request", data: { options: ["Yes", "No"] } }));
    const state = await monitoring.state();
    expect(state.pacing.waits).toMatchObject([{ reason: "Telegram asked the bot to wait" }]);
    expect(state.paused).toMatchObject({ by: "claude" });
    expect(state.queue.pending).toBeGreaterThan(0);
    expect(state.activity.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(["telegram_paused", "delivery_stopped"]),
    );
    await client.control.resume("claude");
    expect((await monitoring.state()).activity[0]).toMatchObject({ kind: "delivery_resumed", text: /by claude/ });
  });
});

test("a delivery writes nothing of its own: the rows are those of before, and the minute's one", async () => {
  for (let n = 0; n < 20; n += 1) await bridge.accept(eventOf(`e${n}`));
  await until("all", () => bridge.status().metrics.telegram_messages_sent === 40);
  await bridge.close();
  const db = new DatabaseSync(join(directory.path, "queue.sqlite"), { readOnly: true });
  const kinds = db
    .prepare("SELECT kind FROM journal ORDER BY kind")
    .all()
    .map(({ kind }) => kind);
  expect(kinds).toEqual(["started", "telegram_reachable"]);
  const rows = db.prepare("SELECT count(*) AS rows, sum(delivered) AS delivered FROM monitoring_minutes").get();
  // Two when a minute ended meanwhile.
  expect(Number(rows?.rows)).toBeLessThanOrEqual(2);
  expect(rows?.delivered).toBe(40);
  db.close();
});

describe("the last hours", () => {
  test("are there after a restart, a minute each, and a minute without the bridge is not known", async () => {
    await bridge.accept(eventOf("a"));
    await until("both", () => bridge.eventStatus("a", "tester").state === "sent");
    await monitoring.tell(telling("one", 10));
    await monitoring.tell(telling("one", 17));
    // One that is not signed, beside those that are.
    expect((await fetch(`${bridge.url}/monitoring`)).status).toBe(401);
    await reopen(3 * MINUTE);
    const history = await monitoring.history(0.1);
    expect(historySchema.parse(history)).toEqual(history);
    const { accepted, delivered: sent, requests, pending } = history.series;
    expect(accepted).toHaveLength(6);
    const at = accepted?.indexOf(1) ?? -1;
    expect(at).toBeGreaterThanOrEqual(2);
    expect([sent?.[at], requests?.[at], pending?.[at]]).toEqual([2, 7, 0]);
    expect(accepted?.at(-1)).toBeNull();
    expect((await monitoring.state()).deliveries).toMatchObject({ accepted_events: 1, delivered: 2 });
    expect((await monitoring.state()).activity.map(({ kind }) => kind)).toContain("delivered");
  });

  test("go on in the minute in which the bridge started anew, and are forgotten after a day", async () => {
    await bridge.accept(eventOf("a"));
    await reopen(0);
    await bridge.accept(eventOf("b"));
    expect((await monitoring.state()).deliveries.accepted_events).toBe(2);
    await reopen(25 * 60 * MINUTE);
    expect((await monitoring.state()).deliveries.accepted_events).toBe(0);
    await bridge.close();
    const db = new DatabaseSync(join(directory.path, "queue.sqlite"), { readOnly: true });
    expect(db.prepare("SELECT count(*) AS rows FROM monitoring_minutes WHERE accepted > 0").get()).toEqual({ rows: 0 });
    db.close();
  });

  test("are asked for with a number of hours that there are", async () => {
    for (const hours of ["0", "25", "x"]) {
      const url = `${bridge.url}/monitoring/history?hours=${hours}`;
      expect((await signedFetch(url, "GET")).status).toBe(400);
    }
  });
});

describe("one event", () => {
  test("is followed from the call to Telegram and to the answer, by the ids of the call", async () => {
    telegram.control({ faults: [{ kind: "status", status: 502, times: 1 }] });
    expect((await post(bridge.url, eventOf("a", { trace }))).status).toBe(202);
    await until("both", () => bridge.eventStatus("a", "tester").state === "sent");
    const { message_id = 0 } = delivered(1)[0] ?? {};
    telegram.control({ says: [{ from: { id: 1, username: "anna" }, text: "thanks a lot", reply_to: message_id }] });
    await until("the answer", () => bridge.countResponses({ since: 0, limit: 1 }) === 1);
    const followed = await monitoring.trace("a", "tester");
    expect(followed).toMatchObject({ ...trace, client: "tester", status: { state: "sent", event_id: "a" } });
    const steps = followed.steps.map(({ what }) => what);
    expect(steps.slice(0, 2)).toEqual(["called", "accepted"]);
    expect(steps.toSorted()).toEqual(["accepted", "attempted", "called", "delivered", "delivered", "reply"]);
    expect(followed.steps.find(({ what, chat }) => what === "delivered" && chat === "1")).toMatchObject({ message_id });
    expect(followed.steps.at(-1)).toMatchObject({ what: "reply", detail: "@anna" });
    expect(JSON.stringify(followed)).not.toContain("thanks a lot");
  });

  test("of a server of the version before has no call, and is another client's to nobody", async () => {
    await bridge.accept(eventOf("a"));
    const followed = await monitoring.trace("a", undefined);
    expect(followed).not.toHaveProperty("trace_id");
    expect(followed.steps[0]).toMatchObject({ what: "accepted" });
    await expect(monitoring.trace("a", "another")).rejects.toMatchObject({ code: "EVENT_NOT_FOUND" });
  });
});

const admin = { client: "admin", whose: "any" } as const;

describe("a refused message", () => {
  test("is listed for its client page by page, and a client that may only touch its own does not find another's", async () => {
    const ids = [await refusedFor2("a"), await refusedFor2("b"), await refusedFor2("c")];
    const listed = async (query: object) => {
      const { dead_letters, next_before } = await monitoring.deadLetters({ limit: 50, ...query });
      return { ids: dead_letters.map(({ id }) => id), next_before };
    };
    const newest = ids.toReversed();
    expect(await listed({})).toEqual({ ids: newest, next_before: undefined });
    expect(await listed({ client: "tester", limit: 2 })).toEqual({ ids: newest.slice(0, 2), next_before: newest[1] });
    expect(await listed({ client: "tester", limit: 2, before: newest[1] })).toMatchObject({ ids: newest.slice(2) });
    expect(await listed({ client: "other" })).toMatchObject({ ids: [] });
    const own = { client: "other", whose: "own" } as const;
    const refusal = { code: "DEAD_LETTER_NOT_FOUND" };
    for (const fate of ["retry", "drop"] as const)
      await expect(monitoring.settleDeadLetter(fate, ids[0] ?? 0, own)).rejects.toMatchObject(refusal);
    await monitoring.settleDeadLetter("drop", ids[0] ?? 0, { client: "tester", whose: "own" });
    await expect(monitoring.settleDeadLetter("drop", ids[0] ?? 0, own)).rejects.toMatchObject(refusal);
  });

  test("is sent again in its place, once however often it is asked for, and its event is as if it had not failed", async () => {
    const id = await refusedFor2("a");
    telegram.control({ reset: true });
    await client.control.pause("claude");
    await bridge.accept(eventOf("b"));
    expect(await monitoring.settleDeadLetter("retry", id, admin)).toEqual({
      changed: true,
      event_id: "a",
      client: "tester",
    });
    expect(bridge.eventStatus("a", "tester")).toMatchObject({ state: "waiting", messages: { waiting: 1, refused: 0 } });
    expect(await monitoring.settleDeadLetter("retry", id, admin)).toMatchObject({ changed: false });
    expect(bridge.status().queue).toMatchObject({ pending: 3, failed: 0 });
    await client.control.resume("claude");
    await until("all", () => bridge.status().queue.pending === 0);
    expect(delivered(2).map(({ text }) => text?.split("\n")[0])).toEqual(["ℹ️ Event a", "ℹ️ Event b"]);
    expect(bridge.eventStatus("a", "tester")).toMatchObject({ state: "sent", messages: { total: 2, sent: 2 } });
    // The answer to the first request may have been lost.
    expect(await monitoring.settleDeadLetter("retry", id, admin)).toMatchObject({ changed: false });
    expect(delivered(2)).toHaveLength(2);
    const followed = await monitoring.trace("a", "tester");
    expect(followed.steps).toContainEqual(expect.objectContaining({ what: "queued", detail: "sent again: by admin" }));
  });

  test("that is refused again is refused as before, and can be sent again", async () => {
    const id = await refusedFor2("a");
    await monitoring.settleDeadLetter("retry", id, admin);
    await until("the refusal", () => bridge.eventStatus("a", "tester").state === "partly_refused");
    expect(bridge.status().queue).toMatchObject({ pending: 0, failed: 1 });
    telegram.control({ reset: true });
    expect(await monitoring.settleDeadLetter("retry", id, admin)).toMatchObject({ changed: true });
    await until("delivery", () => bridge.eventStatus("a", "tester").state === "sent");
  });

  test("is dropped once, and then is nothing any more", async () => {
    const id = await refusedFor2("a");
    expect(await monitoring.settleDeadLetter("drop", id, admin)).toMatchObject({
      changed: true,
      event_id: "a",
    });
    expect(await monitoring.settleDeadLetter("drop", id, admin)).toMatchObject({ changed: false });
    expect((await monitoring.state()).dead_letters).toEqual([]);
    expect(bridge.status().queue.failed).toBe(0);
    await expect(monitoring.settleDeadLetter("retry", id, admin)).rejects.toMatchObject({
      code: "DEAD_LETTER_NOT_FOUND",
    });
    await expect(monitoring.settleDeadLetter("drop", 4711, admin)).rejects.toMatchObject({
      code: "DEAD_LETTER_NOT_FOUND",
    });
    expect(bridge.eventStatus("a", "tester")).toMatchObject({ state: "partly_refused", messages: { refused: 1 } });
  });

  test("goes where its group has moved to", async () => {
    const id = await refusedFor2("a");
    telegram.control({ reset: true, migrated: [[2, 3]] });
    await bridge.accept(eventOf("b"));
    await until("the move", () => delivered(3).length === 1);
    await monitoring.settleDeadLetter("retry", id, admin);
    await until("the message", () => delivered(3).length === 2);
    expect(telegram.violations().filter(({ error = "" }) => !/upgraded|blocked/.test(error))).toEqual([]);
  });
});

describe("servers", () => {
  test("that tell are listed, under their own words made harmless, until they are silent for half a minute", async () => {
    const hostile = "evil\u001b[2J\u202e\nname";
    await monitoring.tell(telling("one", 5, { report: { ...report(hostile), role: "bridge" } }));
    const [told] = (await monitoring.state()).servers;
    expect(told?.report).toMatchObject({ role: "server", name: expect.not.stringMatching(/[\p{Cc}\u202e]/u) });
    expect(Date.parse(told?.report.seen_at ?? "")).toBeGreaterThan(Date.now() - MINUTE);
    await reopen(0);
    expect((await monitoring.state()).servers).toEqual([]);
  });

  test("that tell too much, too large or too many are refused, and count no more than a server can", async () => {
    const ban = { address: "192.0.2.1", reason: "exceeded_limits", since: "x", until: "x" } as const;
    const bans = Array.from({ length: 101 }, () => ban);
    const tell = (body: unknown) => signedFetch(`${bridge.url}/monitoring/servers`, "POST", JSON.stringify(body));
    expect((await tell(telling("one", 0, { bans }))).status).toBe(400);
    expect((await tell({ ...telling("one", 0), report: { ...report("a".repeat(300)) } })).status).toBe(400);
    expect((await tell({ ...telling("one", 0), filler: "x".repeat(200_000) })).status).toBe(413);
    expect((await fetch(`${bridge.url}/monitoring/servers`, { method: "POST", body: "{}" })).status).toBe(401);
    for (let n = 0; n < tellingServers; n += 1) bridge.monitoring.tell(telling(`p${n}`, 0));
    expect((await tell(telling("one too many", 0))).status).toBe(503);
    expect((await tell(telling("p0", Number.MAX_SAFE_INTEGER))).status).toBe(200);
    expect((await tell(telling("p0", 0))).status).toBe(200);
    for (let n = 0; n < tellingServers; n += 1) bridge.monitoring.tell(telling(`p${n}`, 0, { bans: bans.slice(1) }));
    const state = await monitoring.state();
    expect(state.servers).toHaveLength(tellingServers);
    expect(state.servers.flatMap((server) => server.bans)).toHaveLength(1_000);
  });
});

test("nobody without the secret looks, or does anything", async () => {
  for (const path of ["", "/history", "/events/a"]) {
    expect((await fetch(`${bridge.url}/monitoring${path}`)).status).toBe(401);
  }
  const id = await refusedFor2("a");
  for (const fate of ["retry", "drop"]) {
    const url = `${bridge.url}/monitoring/dead-letters/${id}/${fate}`;
    expect((await fetch(url, { method: "POST", body: '{"client":"mallory"}' })).status).toBe(401);
    expect((await signedFetch(url, "POST", "{}")).status).toBe(400);
  }
  expect((await monitoring.state()).dead_letters).toHaveLength(1);
});
