import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { expect, onTestFinished, test, vi } from "vitest";
import { startHealthServer } from "../../../operator/runtime/health.ts";
import { cachesSynced, reflectorsFresh, workersMoving } from "../../../operator/runtime/health-checks.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import type { Access } from "../../../operator/runtime/token-authorizer.ts";
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

test("without a host it answers over IPv4, and over IPv6 where there is some", async () => {
  const server = await startHealthServer({ port: 0, logger, liveness: [] });
  onTestFinished(() => server.close());
  const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));
  for (const host of ["127.0.0.1", ...(hasIPv6 ? ["[::1]"] : [])]) {
    expect((await fetch(`http://${host}:${server.port}/healthz`)).status).toBe(200);
  }
});

const accesses: readonly [Access, number][] = [
  ["allowed", 200],
  ["unauthenticated", 401],
  ["forbidden", 403],
  ["busy", 429],
];

test("metrics with authorization are shown to those who may see them, health to all", async () => {
  const asked: string[] = [];
  const server = await startHealthServer({
    host: "127.0.0.1",
    port: 0,
    logger,
    liveness: [],
    registry: createMetrics().registry,
    authorize: async (token, address) => {
      asked.push(`${token} from ${address}`);
      return token as Access;
    },
  });
  onTestFinished(() => server.close());
  const get = (path: string, headers = {}) => fetch(`http://127.0.0.1:${server.port}${path}`, { headers });
  for (const [access, status] of accesses) {
    const answer = await get("/metrics", { authorization: `Bearer ${access}` });
    expect(answer.status).toBe(status);
    expect((await answer.text()).includes("# TYPE")).toBe(access === "allowed");
  }
  expect(asked).toEqual(accesses.map(([access]) => `${access} from 127.0.0.1`));
  const without = await get("/metrics");
  expect([without.status, without.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
  expect((await get("/metrics", { authorization: "Basic YTpi" })).status).toBe(401);
  expect((await get("/metrics", { authorization: "Bearer a b" })).status).toBe(401);
  expect(asked).toHaveLength(accesses.length);
  expect((await get("/healthz")).status).toBe(200);
});

/** A connection that sends something and then nothing; what it receives, and whether it was closed. */
function talk(port: number, words: string, localAddress = "127.0.0.1") {
  const heard = { text: "", closed: false };
  const socket: Socket = connect({ port, host: "127.0.0.1", localAddress }, () => socket.write(words));
  socket.on("data", (data) => (heard.text += data.toString()));
  socket.on("error", () => {});
  socket.on("close", () => (heard.closed = true));
  onTestFinished(() => void socket.destroy());
  return heard;
}

test.each(["GET", "POST", "PUT"])(
  "%s with a body that never comes is answered at once and not waited for",
  async (method) => {
    const server = await startHealthServer({ host: "127.0.0.1", port: 0, logger, liveness: [] });
    onTestFinished(() => server.close());
    const heard = talk(server.port, `${method} /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\nhalf`);
    await vi.waitFor(() => expect(heard.closed).toBe(true));
    expect(heard.text).toMatch(method === "GET" ? /^HTTP\/1.1 200/ : /^HTTP\/1.1 405/);
  },
);

test("an address that takes many connections keeps none of the others out", async () => {
  const server = await startHealthServer({ host: "127.0.0.1", port: 0, logger, liveness: [] });
  onTestFinished(() => server.close());
  const greedy = Array.from({ length: 300 }, () => talk(server.port, "GET /healthz HTTP/1.1\r\n", "127.0.0.2"));
  // Within the 5 s after which those 16 are closed for sending no headers.
  await vi.waitFor(() => expect(greedy.filter(({ closed }) => !closed)).toHaveLength(16), 4_000);
  expect((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status).toBe(200);
});
