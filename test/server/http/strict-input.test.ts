import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { beginSession, keys, postStateless, startServer, type TestServer } from "../support/server.ts";
import { session } from "../support/web-socket.ts";

let bridge: FakeBridge;
let server: TestServer;

beforeEach(async () => {
  bridge = await startFakeBridge();
});
afterEach(async () => {
  await server.close();
  await bridge.close();
});

const name = "send_telegram_message";
const args = { message: "hello", sourc: "ci" };

/** What each transport answers to a call with a field that is not known. */
async function answers(): Promise<Record<string, string>> {
  const rest = await server.fetch(`/tools/${name}`, { key: keys.all, json: args });
  const query = await server.fetch(`/tools/get_bridge_status?verbos=true`, { key: keys.all });
  const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } };
  const older = await (await beginSession(server, keys.all)).post(call);
  const newer = await postStateless(server, keys.all, { method: "tools/call", params: { name, arguments: args } });
  const socket = await session(server.url, { key: keys.all });
  const overSocket = await socket.ask("tools/call", { name, arguments: args });
  socket.socket.terminate();
  return {
    rest: await rest.text(),
    query: await query.text(),
    older: await older.text(),
    newer: await newer.text(),
    webSocket: JSON.stringify(overSocket),
  };
}

test("strict: every transport refuses a field that a tool does not know, names it, and nothing is sent", async () => {
  server = await startServer(bridge.url, { INPUT_VALIDATION_STRICT: "true" });
  const { query, ...others } = await answers();
  for (const [transport, text] of Object.entries(others)) {
    expect(text, transport).toContain("VALIDATION_ERROR");
    expect(text, transport).toContain("sourc: no such field; did you mean source?");
  }
  expect(query).toContain("verbos: no such field");
  expect(bridge.events).toEqual([]);
});

test("strict: lists and the description say that there are no other fields", async () => {
  server = await startServer(bridge.url, { INPUT_VALIDATION_STRICT: "true" });
  const listed = (await (await server.fetch("/tools", { key: keys.all })).json()) as {
    tools: { inputSchema: object }[];
  };
  const overMcp = await (await postStateless(server, keys.all, { method: "tools/list" })).json();
  for (const { inputSchema } of [...listed.tools, ...(overMcp as { result: typeof listed }).result.tools]) {
    expect(inputSchema).toMatchObject({ additionalProperties: false });
  }
  expect(await (await server.fetch("/openapi.json")).text()).toContain('"additionalProperties": false');
});

test("by default it is dropped, whatever the old name says", async () => {
  server = await startServer(bridge.url, { MCP_ENABLE_INPUT_VALIDATION: "false" });
  for (const [transport, text] of Object.entries(await answers())) {
    expect(text, transport).not.toContain("VALIDATION_ERROR");
  }
  expect(bridge.events.map(({ source }) => source)).toEqual(Array.from({ length: 4 }, () => "claude-code"));
  const refused = await server.fetch(`/tools/${name}`, { key: keys.all, json: { message: 1 } });
  expect(refused.status).toBe(400);
});
