import { expect, onTestFinished, test } from "vitest";
import { cachesSynced, reflectorsFresh, startHealthServer, workersMoving } from "../../../operator/runtime/health.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { recordingLogger } from "./recording-logger.ts";

const logger = recordingLogger();

async function serve() {
  const reflector = { resource: "deployments.apps", hasSynced: false, silentMs: 0 };
  const controller = { name: "sample", longestRunningMs: 0 };
  const { registry } = createMetrics();
  const server = await startHealthServer({
    host: "127.0.0.1",
    port: 0,
    logger,
    liveness: [reflectorsFresh([reflector]), workersMoving([controller])],
    readiness: [cachesSynced([reflector])],
    registry,
  });
  onTestFinished(() => server.close());
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return { status: response.status, text: await response.text() };
  };
  return { reflector, controller, get };
}

test("ready only when the caches are synced, and the page says what is missing", async () => {
  const { reflector, get } = await serve();
  expect(await get("/readyz")).toEqual({
    status: 503,
    text: "[-]caches failed: not listed yet: deployments.apps\ncheck failed\n",
  });
  reflector.hasSynced = true;
  expect(await get("/readyz?verbose")).toEqual({ status: 200, text: "[+]caches ok\nok\n" });
});

test("not alive with a watch that is silent for more than five minutes", async () => {
  const { reflector, get } = await serve();
  reflector.silentMs = 300_000;
  expect((await get("/healthz")).status).toBe(200);
  reflector.silentMs = 301_000;
  expect(await get("/livez")).toMatchObject({ status: 503 });
  expect((await get("/healthz")).text).toContain("[-]watches failed: deployments.apps silent for 301 s");
});

test("not alive with a reconcile that runs for more than ten minutes", async () => {
  const { controller, get } = await serve();
  controller.longestRunningMs = 601_000;
  expect((await get("/healthz")).text).toContain("[-]workers failed: sample stuck for 601 s");
});

test("metrics are served, other paths are not", async () => {
  const { get } = await serve();
  expect((await get("/metrics")).text).toContain("# TYPE reflector_lists_total counter");
  expect((await get("/other")).status).toBe(404);
});

test("a port that is taken is an error", async () => {
  const first = await startHealthServer({ host: "127.0.0.1", port: 0, logger });
  onTestFinished(() => first.close());
  await expect(startHealthServer({ host: "127.0.0.1", port: first.port, logger })).rejects.toThrow("EADDRINUSE");
});
