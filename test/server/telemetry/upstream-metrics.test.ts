import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type UpstreamMetric, upstreamMetrics } from "../../../docs/generators/upstream-metrics.ts";
import { httpRoutes } from "../../../server/http/routes.ts";
import { Lately } from "../../../server/telemetry/lately.ts";
import { createRegistry, createServerMetrics } from "../../../server/telemetry/metrics.ts";
import { startTelegram, type TelegramServer } from "../../telegram/telegram.ts";
import {
  bridgeFor,
  configFor,
  eventOf,
  type Scratch,
  scratch,
  type TestBridge,
  TOKEN,
  until,
} from "../bridge/support.ts";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { keys, startServer, type TestServer } from "../support/server.ts";

let telegram: TelegramServer;
let directory: Scratch;
let bridge: TestBridge;

beforeEach(async () => {
  telegram = await startTelegram({ tokens: [TOKEN] });
  directory = await scratch();
  bridge = await bridgeFor(configFor(directory.path, telegram.url, { telegram: { messagesPerChatPerSecond: 30 } }));
  await until("Telegram's answer", () => bridge.status().telegram.reachable);
});

afterEach(async () => {
  await bridge.close();
  await telegram.close();
  await directory[Symbol.asyncDispose]();
});

/** The rules of co8/cctelegram (monitoring/alert_rules.yml) whose metrics are not left out. */
const rules = [
  'rate(http_requests_total{status=~"5.."}[5m])',
  "histogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m]))",
  "process_resident_memory_bytes/1024/1024",
  "rate(process_cpu_seconds_total[5m])*100",
  "rate(rate_limit_exceeded_total[5m])",
  "rate(security_violations_total[5m])",
  "rate(authentication_failures_total[5m])",
  "sum by(tier)(rate(cctelegram_tier_failure_total[5m]))/sum by(tier)(rate(cctelegram_tier_requests_total[5m]))",
  "cctelegram_tier_circuit_breaker_state",
  "cctelegram_tier_health_score",
  "cctelegram_priority_queue_depth",
  'sum by(tier)(rate(cctelegram_error_severity_distribution{severity="critical"}[5m]))',
  "cctelegram_recovery_success_total/ignoring(trigger) cctelegram_recovery_attempts_total",
  "rate(cctelegram_circuit_breaker_trips_total[30m])",
];

/** Everything that a new server and a new bridge show. */
async function shown(): Promise<string> {
  const server = createRegistry();
  createServerMetrics(server, ["send_telegram_message"], httpRoutes);
  return `${await server.metrics()}\n${await bridge.registry.metrics()}`;
}

const seriesOf = (text: string, { name, labels = [] }: Pick<UpstreamMetric, "name" | "labels">) =>
  text
    .split("\n")
    .filter((line) => new RegExp(`^${name}(_bucket|_count|_sum)?[{ ]`).test(line))
    .filter((line) => labels.every((label) => line.includes(`${label}="`)));

describe("the names of co8/cctelegram", () => {
  test("are there from the start, with the labels that are used, or left out with a reason", async () => {
    const text = await shown();
    for (const metric of upstreamMetrics) {
      const found = seriesOf(text, metric.leftOut === undefined ? metric : { name: metric.name });
      expect({ name: metric.name, isThere: found.length > 0 }).toEqual({
        name: metric.name,
        isThere: metric.leftOut === undefined,
      });
      expect(metric.leftOut ?? "a reason").not.toBe("");
    }
  });

  test.each(rules)("that a rule looks at are there: %s", async (rule) => {
    const names = [...rule.matchAll(/\b((?:http|process|cctelegram|rate_limit|security|authentication)_\w+)/g)];
    expect(names).not.toEqual([]);
    const text = await shown();
    for (const [, name = ""] of names) {
      const base = name.replace(/_bucket$/, "");
      expect(upstreamMetrics.map((metric) => metric.name)).toContain(base);
      expect(seriesOf(text, { name: base }).length).toBeGreaterThan(0);
    }
  });

  test("show what was sent, what was tried again and what failed", async () => {
    telegram.control({ faults: [{ kind: "status", status: 500, times: 1 }] });
    await bridge.accept(eventOf("e1"));
    const of = { tier: "bridge", operation: "send_message" };
    await until("the count", async () => (await bridge.metric("cctelegram_tier_success_total", of)) === 1);
    expect(await bridge.metric("cctelegram_tier_requests_total", of)).toBe(2);
    expect(await bridge.metric("cctelegram_tier_failure_total", of)).toBe(1);
    expect(await bridge.metric("cctelegram_error_classification_total", { category: "retry" })).toBe(1);
    expect(await bridge.metric("cctelegram_recovery_attempts_total", { trigger: "retry" })).toBe(1);
    expect(await bridge.metric("cctelegram_recovery_success_total")).toBe(1);
    telegram.control({
      faults: [{ kind: "status", status: 400, description: "Bad Request: chat not found", times: 1 }],
    });
    await bridge.accept(eventOf("e2"));
    const severity = (name: string) => bridge.metric("cctelegram_error_severity_distribution", { severity: name });
    await until("the refusal", async () => (await severity("high")) === 1);
    expect(await severity("medium")).toBe(1);
    expect(await severity("critical")).toBe(0);
    expect(await bridge.metric("cctelegram_tier_circuit_breaker_state", { tier: "bridge" })).toBe(0);
    expect(await bridge.metric("cctelegram_tier_health_score", { tier: "bridge" })).toBe(1);
    expect(await bridge.metric("cctelegram_tier_queue_depth", { tier: "bridge" })).toBe(0);
    expect(await bridge.metric("cc_telegram_events_processed_total")).toBe(2);
    expect(await bridge.metric("cc_telegram_memory_usage_bytes")).toBeGreaterThan(2 ** 20);
  });

  test("show that Telegram does not answer, and what waits meanwhile", async () => {
    await telegram.close();
    await bridge.accept(eventOf("e1"));
    await until(
      "the circuit breaker",
      async () => (await bridge.metric("cctelegram_tier_circuit_breaker_state")) === 2,
    );
    expect(await bridge.metric("cctelegram_circuit_breaker_trips_total", { reason: "unreachable" })).toBe(1);
    expect(await bridge.metric("cctelegram_tier_health_score")).toBe(0.5);
    expect(await bridge.metric("cctelegram_tier_queue_depth")).toBe(1);
    expect(await bridge.metric("cctelegram_active_correlations")).toBe(1);
    expect(await bridge.metric("cctelegram_error_severity_distribution", { severity: "medium" })).toBeGreaterThan(0);
    telegram = await startTelegram({ tokens: [TOKEN] });
  });
});

describe("requests per second", () => {
  test("are those of the last minute", () => {
    let now = 5_000;
    const lately = new Lately(() => now);
    for (let count = 0; count < 120; count += 1) lately.count();
    expect(lately.perSecond()).toBe(2);
    now += 59_000;
    expect(lately.perSecond()).toBe(2);
    now += 1_000;
    expect(lately.perSecond()).toBe(0);
    lately.count();
    now += 1_000_000;
    expect(lately.perSecond()).toBe(0);
  });
});

describe("what strangers and clients choose", () => {
  let fake: FakeBridge;
  let server: TestServer;
  beforeEach(async () => {
    fake = await startFakeBridge();
    server = await startServer(fake.url, { MCP_ENABLE_RATE_LIMIT: "false", MCP_ENABLE_BANS: "false" });
  });
  afterEach(async () => {
    await server.close();
    await fake.close();
  });

  test("makes no series of its own", async () => {
    const round = async (name: string) => {
      for (const key of [keys.all, `key-of-${name}`, undefined]) {
        const by = key === undefined ? {} : { key };
        await server.fetch(`/${name}`, by);
        await server.fetch(`/tools/${name}`, { ...by, json: { [name]: name } });
        await server.fetch(`/approvals?${name}=${name}`, { ...by, method: "PATCH" });
        await server.fetch(`/resources/cctelegram?resource=${name}`, by);
        await server.fetch("/mcp", { ...by, json: { jsonrpc: "2.0", id: name, method: name } });
      }
    };
    // Those of Node.js itself come as it does things.
    const series = async () =>
      (await server.metrics()).split("\n").filter((line) => /^(?!nodejs_|process_)\w+[{ ]/.test(line)).length;
    await round("some-name-of-length-20");
    await round("some-name-of-length-20");
    const before = await series();
    for (let count = 0; count < 5; count += 1) await round(`another-name-of-length-${count}`);
    expect(await series()).toBe(before);
  });
});
