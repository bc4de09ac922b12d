import { afterEach, beforeEach, expect, test } from "vitest";
import { features } from "../../../../server/features/features.ts";
import { type FakeBridge, startFakeBridge } from "../../support/fake-bridge.ts";
import { place } from "../../support/place-tool.ts";
import { keys, startServer, type TestServer } from "../../support/server.ts";
import { handshake, type Line, startLine } from "../../support/stdio.ts";
import { stateless } from "../../support/web-socket.ts";

let bridge: FakeBridge;
let server: TestServer;
let line: Line;

const offering = (...tools: (typeof place)[]) => ({
  ...features,
  tools: new Map([...features.tools.values(), ...tools].map((tool) => [tool.name, tool])),
});

async function start(tools = offering(place)): Promise<{ port: string }> {
  server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "100000" }, tools);
  line = startLine({ CCTELEGRAM_URL: server.url, CCTELEGRAM_API_KEY: keys.all });
  return { port: new URL(server.url).port };
}

beforeEach(async () => {
  bridge = await startFakeBridge();
});

afterEach(async () => {
  line.child.kill("SIGKILL");
  await line.exited;
  await server.close();
  await bridge.close();
});

const call = (args: object, name = "place") => line.ask("tools/call", stateless({ name, arguments: args }));
const done = { result: { content: [{ type: "text", text: "done" }] } };
const statuses = () => server.log.filter(({ route }) => route === "/mcp").map(({ status }) => status);

const every = { region: "Zürich ", count: 42, urgent: false, at: { town: "Bern" }, plain: "x" };

test("what a tool wants repeated in headers is repeated, for a client that has listed the tools", async () => {
  await start();
  await line.ask("tools/list", stateless());
  for (const args of [every, {}, { region: "=?base64?eA==?=" }, { region: null }, { count: -7.5e20, at: {} }]) {
    expect(await call(args)).toMatchObject(done);
  }
  expect(new Set(statuses())).toEqual(new Set([200]));
});

test("a client that has listed them in a session, or not at all, is served as well: the tools are looked up once", async () => {
  await start();
  expect(await call(every)).toMatchObject(done);
  // Refused, listed, repeated.
  expect(statuses()).toEqual([400, 200, 200]);
  expect(await call(every)).toMatchObject(done);
  expect(statuses()).toEqual([400, 200, 200, 200]);
});

test("a session is not asked for them, and tells them", async () => {
  await start();
  await handshake(line);
  expect(await line.ask("tools/call", { name: "place", arguments: every })).toMatchObject(done);
  await line.ask("tools/list");
  expect(await call(every)).toMatchObject(done);
  expect(statuses()).not.toContain(400);
});

test("a tool that wants other headers than before is looked up again", async () => {
  const properties = { area: { type: "string", "x-mcp-header": "Area" } };
  const { port } = await start(offering({ ...place, listedInput: { type: "object", properties } }));
  await line.ask("tools/list", stateless());
  await server.close();
  server = await startServer(bridge.url, { MCP_SERVER_PORT: port }, offering(place));
  expect(await call({ region: "west" })).toMatchObject(done);
  expect(statuses()).toEqual([400, 200, 200]);
});

test("a tool that wants nothing repeated, or that there is not, costs one request", async () => {
  await start();
  expect(await call({ message: "hello" }, "send_telegram_message")).toMatchObject({
    result: { structuredContent: {} },
  });
  expect(await call({}, "nothing")).toMatchObject({ error: { code: -32602 } });
  expect(statuses()).toHaveLength(2);
});
