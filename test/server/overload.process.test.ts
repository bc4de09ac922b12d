import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type FakeBridge, secret, startFakeBridge } from "./support/fake-bridge.ts";
import { type Process, startProcess } from "./support/process.ts";
import { keys, keysJson } from "./support/server.ts";

const tooBusy = "too busy: requests are refused";

let bridge: FakeBridge;
let server: Process;

beforeEach(async () => {
  bridge = await startFakeBridge();
});

afterEach(async () => {
  server.child.kill("SIGCONT");
  server.child.kill("SIGKILL");
  await server.exited;
  await bridge.close();
});

async function serve(limitMs: number) {
  server = startProcess(["serve"], {
    HMAC_SECRET: secret,
    BRIDGE_URL: bridge.url,
    MCP_API_KEYS: keysJson,
    MCP_ENABLE_RATE_LIMIT: "false",
    MCP_MAX_EVENT_LOOP_DELAY: `${limitMs}`,
    MCP_SERVER_PORT: "0",
    METRICS_PORT: "0",
    SHUTDOWN_DELAY: "0",
  });
  const { http = "", metrics = "" } = await server.logged("ready to work");
  const call = () => fetch(`${http}/tools`, { headers: { "x-api-key": keys.all } });
  const shed = async () => {
    const text = await (await fetch(`${metrics}/metrics`)).text();
    return Number(/^http_requests_shed_total (\d+)$/m.exec(text)?.[1]);
  };
  return { http, call, shed };
}

/** Holds the event loop of the process up, with its port open. */
async function heldUp<T>(ms: number, meanwhile: () => T): Promise<T> {
  server.child.kill("SIGSTOP");
  const result = meanwhile();
  await new Promise((resolve) => setTimeout(resolve, ms));
  server.child.kill("SIGCONT");
  return result;
}

test("a server whose event loop was held up sheds what had to wait, answers its probes, and then works again", async () => {
  const { http, call, shed } = await serve(1_000);
  await vi.waitFor(async () => expect((await call()).status).toBe(200));
  const count = (message: string) => server.stdout().split(`"msg":"${message}"`).length - 1;
  const before = { shed: await shed(), episodes: count(tooBusy) };
  const probes = ["/health", "/health/live", "/health/ready", "/live", "/ready", "/health/detailed"];
  const [calls, health] = await heldUp(3_000, () => [
    Array.from({ length: 50 }, call),
    probes.map((path) => fetch(http + path)),
  ]);
  const answers = await Promise.all(calls);
  // A machine that is busy itself may let some of them come only when the server works again.
  const refused = answers.filter(({ status }) => status !== 200);
  expect(refused.length).toBeGreaterThan(0);
  for (const answer of refused) {
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThanOrEqual(2);
    expect(await answer.json()).toMatchObject({ code: "SERVER_OVERLOADED" });
  }
  for (const answer of await Promise.all(health)) expect(answer.status).toBe(200);
  expect(await shed()).toBe(before.shed + refused.length);
  expect(count(tooBusy)).toBe(before.episodes + 1);
  await vi.waitFor(async () => expect((await call()).status).toBe(200));
  await server.logged("requests are taken again");
});

test("with a limit of 0 everything that had to wait is answered", async () => {
  const { call, shed } = await serve(0);
  await call();
  const calls = await heldUp(1_500, () => Array.from({ length: 20 }, call));
  for (const answer of await Promise.all(calls)) expect(answer.status).toBe(200);
  expect(await shed()).toBe(0);
});
