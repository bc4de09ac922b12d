import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTelegram, type TelegramServer } from "../../../telegram/telegram.ts";
import {
  bridgeFor,
  configFor,
  eventOf,
  headersOf,
  post,
  type Scratch,
  scratch,
  signedFetch,
  type TestBridge,
  until,
} from "../support.ts";

describe("intake", () => {
  let directory: Scratch;
  let telegram: TelegramServer;
  let bridge: TestBridge;

  beforeAll(async () => {
    directory = await scratch();
    telegram = await startTelegram();
    bridge = await bridgeFor(configFor(directory.path, telegram.url, { queueSizeLimit: 2 }));
    await until("readiness", () => bridge.obstacles().length === 0);
  });

  afterAll(async () => {
    await bridge.close();
    await telegram.close();
    await directory[Symbol.asyncDispose]();
  });

  const status = (...request: Parameters<typeof signedFetch>) =>
    signedFetch(...request).then((answer) => answer.status);

  test("an unsigned, wrongly signed or old request is refused", async () => {
    const body = JSON.stringify(eventOf("x"));
    const url = `${bridge.url}/events`;
    const old = Math.floor(Date.now() / 1000) - 301;
    const replayed = headersOf(url, "POST", body, { timestampSeconds: old });
    expect((await fetch(url, { method: "POST", body })).status).toBe(401);
    expect((await fetch(url, { method: "POST", body, headers: replayed })).status).toBe(401);
    expect(await status(url, "POST", body, "another secret of at least 32 letters")).toBe(401);
    expect((await fetch(`${bridge.url}/status`)).status).toBe(401);
  });

  test("the signature is checked before the body is looked at", async () => {
    expect((await fetch(`${bridge.url}/events`, { method: "POST", body: "{not json" })).status).toBe(401);
    expect(await status(`${bridge.url}/events`, "POST", "{not json")).toBe(400);
  });

  test("an invalid event is refused with the names of its wrong fields", async () => {
    const answer = await post(bridge.url, { ...eventOf("x"), title: "", timestamp: "yesterday" });
    expect(answer.status).toBe(400);
    const { code, fields } = (await answer.json()) as { code: string; fields: { field: string }[] };
    expect(code).toBe("VALIDATION_ERROR");
    expect(fields.map(({ field }) => field).sort()).toEqual(["timestamp", "title"]);
  });

  test("details that are too many, too deep or too large are refused as such", async () => {
    const deep = `{"a":${"[".repeat(6_000)}${"]".repeat(6_000)}}`;
    const many = JSON.stringify(Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`k${index}`, 1])));
    for (const data of [deep, many, `{"a":"${"x".repeat(20_000)}"}`]) {
      const body = JSON.stringify(eventOf("x")).replace('"data":{}', `"data":${data}`);
      const answer = await signedFetch(`${bridge.url}/events`, "POST", body);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ fields: [{ field: "data" }] });
    }
  });

  test("an event larger than 256 KiB is refused", async () => {
    const answer = await post(bridge.url, eventOf("x", { data: { filler: "x".repeat(256 * 1024) } }));
    expect(answer.status).toBe(413);
  });

  test("unknown paths and methods are answered with 404", async () => {
    expect((await fetch(`${bridge.url}/nothing`)).status).toBe(404);
    expect((await fetch(`${bridge.url}/events`)).status).toBe(404);
  });

  test("status, health and readiness tell the state", async () => {
    const answer = await signedFetch(`${bridge.url}/status`, "GET");
    expect(await answer.json()).toMatchObject({
      running: true,
      health: "healthy",
      version: "1.2.3",
      telegram: { reachable: true, bot_username: "test_123456789_bot" },
      queue: { usable: true, pending: 0, oldest_age_seconds: 0, failed: 0, limit: 2 },
      metrics: { events_processed: 0, telegram_messages_sent: 0, error_count: 0 },
    });
    expect(await (await fetch(`${bridge.url}/health`)).json()).toMatchObject({ status: "healthy", reasons: [] });
    expect(await (await fetch(`${bridge.url}/health/ready`)).json()).toEqual({ ready: true, reasons: [] });
  });

  test("health has the names of co8/cctelegram, too, and tells how long Telegram took and since when it is so", async () => {
    const get = async (path: string) => (await (await fetch(bridge.url + path)).json()) as object;
    expect(await get("/live")).toEqual({ status: "alive" });
    expect(await get("/ready")).toEqual({ ready: true, reasons: [] });
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
    const health = await get("/health");
    expect(health).toMatchObject({
      telegram: { reachable: true, since: time, latency_ms: expect.any(Number) },
      queue: { usable: true, since: time },
    });
    expect(Object.keys(await get("/health/detailed"))).toEqual(Object.keys(health));
    expect(await get("/report")).toMatchObject({
      timestamp: time,
      health_status: "Healthy",
      system_metrics: { memory_usage_mb: expect.any(Number) },
      event_metrics: { total_events_processed: 0, last_event_timestamp: null },
      telegram_metrics: { messages_sent: 0, api_errors: 0, error_rate_percent: null },
      recommendations: [],
    });
  });

  test("the file system of the queue is told to who signs and in the metrics, and to nobody else", async () => {
    const { volume } = bridge.status();
    expect(volume).toEqual({ size_bytes: expect.any(Number), free_bytes: expect.any(Number) });
    const text = await bridge.registry.metrics();
    expect(text).toContain(`cctelegram_volume_size_bytes ${volume?.size_bytes}`);
    expect(text).toMatch(/^cctelegram_volume_free_bytes [1-9]/m);
    for (const path of ["/health", "/health/detailed", "/report"])
      expect(await (await fetch(bridge.url + path)).text()).not.toMatch(/size_bytes|free_bytes/);
  });

  test("series with known labels exist before anything happened", async () => {
    const text = await bridge.registry.metrics();
    expect(text).toContain('cctelegram_telegram_requests_total{outcome="rate_limited"} 0');
    expect(text).toContain('cctelegram_queue_messages{state="pending"} 0');
    expect(text).toContain("cctelegram_messages_resent_uncertain_total 0");
  });

  test("a full queue refuses with 503 and Retry-After, and takes events again when it has drained", async () => {
    telegram.control({ faults: [{ kind: "delay", ms: 500, times: 1 }] });
    const answers = await Promise.all(["1", "2", "3"].map((id) => post(bridge.url, eventOf(id))));
    expect(answers.map((answer) => answer.status).sort()).toEqual([202, 202, 503]);
    expect(answers.find((answer) => answer.status === 503)?.headers.get("retry-after")).toBe("30");
    await until("drained", () => bridge.status().queue.pending === 0);
    expect((await post(bridge.url, eventOf("4"))).status).toBe(202);
  });
});

test("a bridge that closes finishes the send under way, and keeps the rest for the next one", async () => {
  await using directory = await scratch();
  const telegram = await startTelegram();
  const config = configFor(directory.path, telegram.url);
  const first = await bridgeFor(config);
  telegram.control({ faults: [{ kind: "delay", ms: 300, times: 1 }] });
  await first.accept(eventOf("a"));
  await first.accept(eventOf("b"));
  await until("readiness", () => first.obstacles().length === 0);
  const closed = first.close();
  await expect(first.accept(eventOf("c"))).rejects.toMatchObject({ reason: "shutting_down" });
  await closed;
  expect(telegram.delivered()).toHaveLength(1);
  const second = await bridgeFor(config);
  await until("the rest", () => telegram.delivered().length === 2);
  expect(await second.metric("cctelegram_messages_resent_uncertain_total")).toBe(0);
  expect(telegram.violations()).toEqual([]);
  await second.close();
  await telegram.close();
});

test("a client that has used up its share is told so with 429, and others are served", async () => {
  await using directory = await scratch();
  const telegram = await startTelegram();
  telegram.control({ outage: true });
  const config = configFor(directory.path, telegram.url, { queueSizeLimit: 8, clientSharePercent: 25 });
  await using full = await bridgeFor(config);
  const send = (id: string, client: string) => post(full.url, eventOf(id, { client }));
  expect((await send("1", "greedy")).status).toBe(202);
  expect((await send("2", "greedy")).status).toBe(202);
  const refused = await send("3", "greedy");
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "30"]);
  expect(await refused.json()).toMatchObject({ code: "CLIENT_QUOTA_EXCEEDED", reason: "client_quota" });
  expect((await send("4", "modest")).status).toBe(202);
  telegram.control({ outage: false });
  await until("delivery", () => telegram.delivered().length === 3);
  expect(telegram.delivered().map(({ text }) => text?.split("— ")[1])).toEqual(["greedy", "modest", "greedy"]);
  expect(full.log.some((line) => line.includes("message delivered") && line.includes('"client":"modest"'))).toBe(true);
  await telegram.close();
});
