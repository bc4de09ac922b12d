import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { beginSession, keys, startServer, type TestServer } from "../support/server.ts";

let bridge: FakeBridge;
let server: TestServer;

beforeAll(async () => {
  bridge = await startFakeBridge();
  server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "100000" });
});

afterAll(async () => {
  await server.close();
  await bridge.close();
});

const uri = "cctelegram://bridge-status";

test("a session with two streams hears everything on one of them, and answers on neither", async () => {
  const session = await beginSession(server, keys.all);
  const headers = { accept: "text/event-stream", "mcp-session-id": session.id };
  const heard = ["", ""];
  const streams = await Promise.all([0, 1].map(() => server.fetch("/mcp", { key: keys.all, headers })));
  const reading = streams.map(async (stream, index) => {
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) heard[index] += part.value;
  });
  await session.post({ jsonrpc: "2.0", id: 1, method: "resources/subscribe", params: { uri } });
  await vi.waitFor(async () => {
    await bridge.relay.publish({ topic: "status", text: "{}" });
    expect(heard.join("")).toContain("notifications/resources/updated");
  });
  const answer = await session.post({ jsonrpc: "2.0", id: "own", method: "tools/list" });
  expect(await answer.json()).toMatchObject({ id: "own", result: {} });
  await session.post({ jsonrpc: "2.0", id: 3, method: "resources/unsubscribe", params: { uri } });
  expect(heard.filter((text) => text.includes("resources/updated"))).toHaveLength(1);
  expect(heard.join("")).not.toMatch(/"(?:result|error|id)"/);
  server.drain();
  await Promise.all(reading);
});
