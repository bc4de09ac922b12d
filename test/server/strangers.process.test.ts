import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type FakeBridge, secret, startFakeBridge } from "./support/fake-bridge.ts";
import { type Process, startProcess } from "./support/process.ts";
import { head, rawConnection } from "./support/raw-http.ts";
import { keys, keysJson } from "./support/server.ts";

let bridge: FakeBridge;
let server: Process;
let http: string;
let metrics: string;

beforeAll(async () => {
  bridge = await startFakeBridge();
  server = startProcess(["serve"], {
    HMAC_SECRET: secret,
    BRIDGE_URL: bridge.url,
    MCP_API_KEYS: keysJson,
    MCP_SERVER_HOST: "127.0.0.1",
    MCP_SERVER_PORT: "0",
    METRICS_HOST: "127.0.0.1",
    METRICS_PORT: "0",
    MCP_RATE_LIMIT_REQUESTS: "1000000",
  });
  const ready = await server.logged("ready to work");
  http = ready.http ?? "";
  metrics = ready.metrics ?? "";
});

afterAll(async () => {
  server.child.kill("SIGKILL");
  await server.exited;
  await bridge.close();
});

/** Writes a byte a second until the connection ends; resolves with the seconds that it took. */
async function drip(url: string, start: string): Promise<number> {
  const startedAt = performance.now();
  const { socket, closed } = await rawConnection(url);
  socket.write(start);
  const timer = setInterval(() => socket.write("x"), 1000);
  await closed;
  clearInterval(timer);
  return (performance.now() - startedAt) / 1000;
}

const body = head("POST", "/mcp", {
  "x-api-key": keys.all,
  "content-type": "application/json",
  "content-length": "90000",
});

test.concurrent.each([
  ["nothing at all", () => http, "", 10],
  ["headers byte by byte", () => http, "GET /health HTTP/1.1\r\nhost: localhost\r\nx: ", 10],
  ["a body byte by byte, with a right key", () => http, body, 20],
  ["headers byte by byte to the metrics", () => metrics, "GET /metrics HTTP/1.1\r\nhost: localhost\r\nx: ", 10],
])("a client that sends %s is cut in time", async (_what, url, start, seconds) => {
  const took = start === "" ? await silence(url()) : await drip(url(), start);
  expect(took).toBeGreaterThan(seconds - 1);
  expect(took).toBeLessThan(seconds + 8);
});

async function silence(url: string): Promise<number> {
  const startedAt = performance.now();
  await (await rawConnection(url)).closed;
  return (performance.now() - startedAt) / 1000;
}

test("600 half-sent bodies without a key are not kept, and right keys are served meanwhile", async () => {
  const resident = async () => {
    const text = await (await fetch(`${metrics}/metrics`)).text();
    return Number(/^process_resident_memory_bytes (\d+)/m.exec(text)?.[1]) / 2 ** 20;
  };
  const paths = ["/nothing", "/mcp", "/tools/send_telegram_event", "/health", "/register"];
  const headers = { "content-type": "application/json", "content-length": "200000" };
  const attack = async () => {
    const open = await Promise.all(Array.from({ length: 600 }, () => rawConnection(http)));
    for (const [index, { socket }] of open.entries()) {
      socket.write(head(index % 2 ? "POST" : "QUERY", paths[index % paths.length] ?? "", headers));
      socket.write("x".repeat(190_000));
    }
    const answer = await fetch(`${http}/tools`, { headers: { "x-api-key": keys.all } });
    expect(answer.status).toBe(200);
    await Promise.all(open.map(({ closed }) => closed));
  };
  // The first costs what the code itself needs; what one keeps the next would add.
  await attack();
  const before = await resident();
  for (let round = 0; round < 4; round++) await attack();
  // Four times 114 MB were sent; what is waste goes with the next collection.
  await vi.waitFor(async () => expect((await resident()) - before).toBeLessThan(150));
});

test.concurrent("a client that does not read its answers loses the connection", async () => {
  const { socket, closed } = await rawConnection(http);
  socket.pause();
  const request = head("GET", "/tools", { "x-api-key": keys.all });
  // More answers than the kernel holds for a connection.
  for (let count = 0; count < 4000 && !socket.destroyed; count++) socket.write(request);
  // Writing is how a client that reads nothing learns that the connection is gone.
  const timer = setInterval(() => socket.write(request), 500);
  await closed;
  clearInterval(timer);
  const answer = await fetch(`${http}/tools`, { headers: { "x-api-key": keys.all } });
  expect(answer.status).toBe(200);
});
