import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { withoutBasePath } from "../../../server/http/base-path.ts";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { connect, keys, startServer, type TestServer } from "../support/server.ts";

describe("a URL without its base path", () => {
  test.each([
    ["/team/mcp", "/mcp"],
    ["/team", "/"],
    ["/team/", "/"],
    ["/team?x=1", "/?x=1"],
    ["/team/tools/a?x=/team", "/tools/a?x=/team"],
    ["/mcp", "/mcp"],
    ["/teammate/mcp", "/teammate/mcp"],
    ["/TEAM/mcp", "/TEAM/mcp"],
    ["/%74eam/mcp", "/%74eam/mcp"],
    ["//team/mcp", "//team/mcp"],
    ["/team//other.example/x", "//other.example/x"],
    ["/team/team/mcp", "/team/mcp"],
    ["/x/../team/mcp", "/x/../team/mcp"],
    ["*", "*"],
    ["http://team/mcp", "http://team/mcp"],
  ])("of %s is %s", (url, expected) => {
    expect(withoutBasePath(url, "/team")).toBe(expected);
    expect(withoutBasePath(url, "")).toBe(url);
  });
});

describe("a server with a base path", () => {
  let bridge: FakeBridge;
  let server: TestServer;
  beforeEach(async () => {
    bridge = await startFakeBridge();
    server = await startServer(bridge.url, { MCP_BASE_PATH: "/apps/team/" });
  });
  afterEach(async () => {
    await server.close();
    await bridge.close();
  });

  test("serves an MCP client, REST and health below it and without it", async () => {
    for (const path of ["/apps/team/mcp", "/mcp"]) {
      const client = await connect(server.url, keys.messages, path);
      expect((await client.listTools()).tools.length).toBeGreaterThan(0);
      await client.close();
    }
    for (const base of ["", "/apps/team"]) {
      expect((await server.fetch(`${base}/tools`, { key: keys.all })).status).toBe(200);
      expect((await server.fetch(`${base}/health`)).status).toBe(200);
    }
  });

  test("asks for the key as elsewhere, and has no other paths", async () => {
    expect((await server.fetch("/apps/team/tools")).status).toBe(401);
    expect((await server.fetch("/apps/team/mcp", { json: {} })).status).toBe(401);
    const unknown = [
      "/apps/team/metrics",
      "/apps/team/",
      "/apps/mcp",
      "/apps/teammate/mcp",
      "/apps/team/apps/team/mcp",
    ];
    for (const path of unknown) {
      const answer = await server.fetch(path, { key: keys.all, redirect: "manual" });
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.headers.has("location")).toBe(false);
    }
  });

  test("answers a path that holds another host without sending anybody there", async () => {
    const answer = await server.fetch("/apps/team//other.example/mcp", { redirect: "manual" });
    expect(answer.status).toBe(404);
    expect([...answer.headers.keys()]).not.toContain("location");
  });
});
