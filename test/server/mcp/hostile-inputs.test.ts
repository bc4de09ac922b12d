import { afterAll, beforeAll, expect, test } from "vitest";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { ownId } from "./hostile-inputs.ts";
import { session, stateless, webSocket } from "./hostile-links.ts";
import { testHostileInputs } from "./hostile-tests.ts";

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

testHostileInputs("streamable HTTP, 2025-11-25", () => session(server));
testHostileInputs("streamable HTTP, 2026-07-28", () => stateless(server));
testHostileInputs("a WebSocket, 2025-11-25", () => webSocket(server, "handshake"));
testHostileInputs("a WebSocket, 2026-07-28", () => webSocket(server, "stateless"));

test.each([
  ["2025-11-25", session],
  ["2026-07-28", stateless],
])("requests of %s over HTTP with the same id are answered each", async (_revision, open) => {
  const link = await open(server);
  const calls = Array.from({ length: 5 }, () => link.send(link.writer.request("tools/list", {}, ownId)));
  for (const { messages } of await Promise.all(calls)) expect(messages).toMatchObject([{ id: ownId, result: {} }]);
});
