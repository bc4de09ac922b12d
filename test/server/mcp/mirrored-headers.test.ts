import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { features } from "../../../server/features/features.ts";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { place } from "../support/place-tool.ts";
import { keys, postStateless, startServer, type TestServer } from "../support/server.ts";

let bridge: FakeBridge;
let server: TestServer;

beforeAll(async () => {
  bridge = await startFakeBridge();
  server = await startServer(
    bridge.url,
    { MCP_RATE_LIMIT_REQUESTS: "100000" },
    { ...features, tools: new Map([["place", place]]) },
  );
});

afterAll(async () => {
  await server.close();
  await bridge.close();
});

const call = async (args: Record<string, unknown>, headers: Record<string, string> = {}) => {
  const response = await postStateless(
    server,
    keys.all,
    { method: "tools/call", params: { name: "place", arguments: args } },
    headers,
  );
  const { error } = (await response.json()) as { error?: { code: number } };
  return [response.status, error?.code];
};

const done = [200, undefined];
const mismatch = [400, -32020];
const base64 = (value: string) => `=?base64?${Buffer.from(value).toString("base64")}?=`;

describe("parameters that headers repeat", () => {
  test.each<[string, Record<string, unknown>, Record<string, string>]>([
    ["a text", { region: "west" }, { "mcp-param-region": "west" }],
    ["a text in Base64", { region: "Zürich " }, { "mcp-param-region": base64("Zürich ") }],
    ["a plain text in Base64", { region: "west" }, { "mcp-param-region": base64("west") }],
    ["a text that looks encoded", { region: "=?base64?eA==?=" }, { "mcp-param-region": base64("=?base64?eA==?=") }],
    ["a number", { count: 42 }, { "mcp-param-count": "42" }],
    ["a number written otherwise", { count: 42 }, { "mcp-param-count": "42.0" }],
    ["a negative number", { count: -7 }, { "mcp-param-count": "-7" }],
    ["a truth value", { urgent: false }, { "mcp-param-urgent": "false" }],
    ["a value inside", { at: { town: "Bern" } }, { "mcp-param-town": "Bern" }],
    ["null, without a header", { region: null }, {}],
    ["nothing, without a header", {}, {}],
    ["what has no header", { plain: "x" }, {}],
    ["a header of no parameter, which is ignored", { plain: "x" }, { "mcp-param-plain": "y", "mcp-param-other": "z" }],
  ])("%s fits", async (_what, args, headers) => {
    expect(await call(args, headers)).toEqual(done);
  });

  test.each<[string, Record<string, unknown>, Record<string, string>]>([
    ["another text", { region: "west" }, { "mcp-param-region": "east" }],
    ["another case", { region: "west" }, { "mcp-param-region": "West" }],
    ["no header", { region: "west" }, {}],
    ["a header without a value in the body", {}, { "mcp-param-region": "west" }],
    ["a header for null", { region: null }, { "mcp-param-region": "null" }],
    ["another number", { count: 42 }, { "mcp-param-count": "43" }],
    ["no number", { count: 42 }, { "mcp-param-count": "many" }],
    ["an empty header for 0", { count: 0 }, { "mcp-param-count": "" }],
    ["another truth value", { urgent: true }, { "mcp-param-urgent": "1" }],
    ["no header for a value inside", { at: { town: "Bern" } }, {}],
    ["broken Base64", { region: "west" }, { "mcp-param-region": "=?base64?w%st?=" }],
    ["Base64 of another text", { region: "west" }, { "mcp-param-region": base64("east") }],
    ["characters outside of ASCII", { region: "Zürich" }, { "mcp-param-region": "Z\u00fcrich" }],
  ])("%s does not fit", async (_what, args, headers) => {
    expect(await call(args, headers)).toEqual(mismatch);
  });
});

test.each([
  ["prompts/get", { name: "summarise_change", arguments: { change: "x" } }, "report_progress"],
  ["resources/read", { uri: "cctelegram://event-types" }, "cctelegram://event-templates"],
])("the subject of %s stands in Mcp-Name", async (method, params, other) => {
  const subject = "name" in params ? params.name : params.uri;
  const status = async (name: string) =>
    (await postStateless(server, keys.all, { method, params }, { "mcp-name": name })).status;
  expect([await status(String(subject)), await status(base64(String(subject))), await status(other)]).toEqual([
    200, 200, 400,
  ]);
});

test("names of headers may be written in any case", async () => {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const params = { name: "place", arguments: { region: "west" }, _meta };
  const headers = {
    "X-API-KEY": keys.all,
    "CONTENT-TYPE": "application/json",
    "MCP-PROTOCOL-VERSION": "2026-07-28",
    "mCP-mETHOD": "tools/call",
    "MCP-NAME": "place",
    "MCP-PARAM-REGION": "west",
  };
  const status = await new Promise<number | undefined>((resolve, reject) => {
    request(`${server.url}/mcp`, { method: "POST", headers }, (response) => resolve(response.resume().statusCode))
      .on("error", reject)
      .end(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }));
  });
  expect(status).toBe(200);
});
