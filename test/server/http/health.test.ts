import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type FakeBridge, startFakeBridge, threeTriesMs } from "../support/fake-bridge.ts";
import { keysJson, startServer, type TestServer } from "../support/server.ts";

let bridge: FakeBridge;
let server: TestServer | undefined;

beforeEach(async () => {
  bridge = await startFakeBridge();
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await bridge.close();
});

type Details = { readonly dependencies: Readonly<Record<string, object>> };

async function detailsOf(at: TestServer, path: string): Promise<Details> {
  return (await (await at.fetch(path)).json()) as Details;
}

describe("health", () => {
  test("needs no key and is the same in spirit on all its paths", async () => {
    server = await startServer(bridge.url);
    expect(await (await server.fetch("/health")).json()).toMatchObject({ status: "healthy", version: "0.1.0" });
    expect(await (await server.fetch("/health/live")).json()).toEqual({ alive: true });
    expect(await (await server.fetch("/health/ready")).json()).toEqual({ ready: true, reasons: [] });
    expect((await server.fetch("/health", { method: "HEAD" })).status).toBe(200);
  });

  test("in detail holds the bridge's status, asked for at most once in two seconds", async () => {
    server = await startServer(bridge.url);
    const [first] = await Promise.all([server.fetch("/health/detailed"), server.fetch("/health/detailed")]);
    expect(await first.json()).toMatchObject({
      status: "healthy",
      components: { server: { ready: true }, bridge: { running: true, queue: { usable: true } } },
    });
    expect(bridge.requests).toEqual(["GET /status"]);
  });

  test("has the names of co8/cctelegram, too", async () => {
    server = await startServer(bridge.url);
    const body = async (path: string) => (await (await server?.fetch(path))?.json()) as Record<string, unknown>;
    expect(await body("/live")).toEqual({ alive: true });
    expect(await body("/ready")).toEqual({ ready: true, reasons: [] });
    const { timestamp: _, uptime_seconds: __, ...detailed } = await body("/health/detailed");
    expect(await body("/status")).toMatchObject(detailed);
    expect(await body("/report")).toMatchObject({
      health_status: "Healthy",
      event_metrics: { total_events_processed: expect.any(Number) },
      telegram_metrics: { messages_sent: expect.any(Number) },
      recommendations: [],
    });
    server.drain();
    expect((await server.fetch("/ready")).status).toBe(503);
    expect((await server.fetch("/live")).status).toBe(200);
  });

  test("in detail tells of each dependency how long it took, and since when it is so", async () => {
    server = await startServer(bridge.url);
    const { dependencies } = await detailsOf(server, "/health/detailed");
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
    expect(dependencies).toEqual({
      keys: { healthy: true, since: time },
      bridge: { healthy: true, latency_ms: expect.any(Number), since: time },
      // A bridge of the version before does not tell more.
      queue: { healthy: true },
      telegram: { healthy: true, checked_at: "2026-01-01T00:00:00.000Z" },
    });
  });

  test("a bridge that is gone is told with since when, and has no report", async () => {
    await bridge.close();
    server = await startServer(bridge.url, { BRIDGE_TIMEOUT: `${threeTriesMs}` });
    const { dependencies } = await detailsOf(server, "/status");
    expect(Object.keys(dependencies)).toEqual(["keys", "bridge"]);
    expect(dependencies.bridge).toMatchObject({ healthy: false, error: expect.stringContaining("bridge") });
    const report = await server.fetch("/report");
    expect(report.status).toBe(503);
    expect(await report.json()).toMatchObject({ code: "BRIDGE_UNAVAILABLE" });
  });

  test("a bridge that is gone makes it degraded, but the server stays ready: calls wait for the bridge", async () => {
    await bridge.close();
    server = await startServer(bridge.url, { BRIDGE_TIMEOUT: `${threeTriesMs}` });
    const response = await server.fetch("/health/detailed");
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: "degraded", components: { bridge: { running: false } } });
    expect((await server.fetch("/health/ready")).status).toBe(200);
  });

  test("without keys the server is alive and not ready", async () => {
    const directory = await mkdtemp(join(tmpdir(), "server-"));
    try {
      const path = join(directory, "keys.json");
      server = await startServer(bridge.url, { MCP_API_KEYS_FILE: path });
      expect((await server.fetch("/health/live")).status).toBe(200);
      const response = await server.fetch("/health/ready");
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({
        ready: false,
        reasons: [expect.stringContaining("MCP_API_KEYS_FILE")],
      });
      await writeFile(path, keysJson);
      await vi.waitFor(async () => expect((await server?.fetch("/health/ready"))?.status).toBe(200));
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test("while it drains the server is not ready, still works, and sends connections elsewhere", async () => {
    server = await startServer(bridge.url);
    server.drain();
    const response = await server.fetch("/health/ready");
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ ready: false, reasons: ["shutting down"] });
    const health = await server.fetch("/health");
    expect(health.status).toBe(200);
    expect(health.headers.get("connection")).toBe("close");
  });
});
