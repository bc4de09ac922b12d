import { expect, test } from "vitest";
import { callTool, connectClient } from "../mcp.ts";
import { origin } from "./caller.ts";
import { expectError, withKeyOf } from "./calls.ts";
import type { Stage } from "./stage.ts";

const nowhere = [
  "/",
  "/healthx",
  "/tool",
  "/toolsx",
  "/toolsets/get_bridge_status",
  "/mcpx",
  "/resourcesx",
  "/openapi.jsonx",
  "/docs/x",
  "/docsx",
  "/mcp/x",
  "/metrics/x",
  "/monitoring/",
  "/.git/config",
  "/index.php?a=1",
];

/** Which paths lead where, and for whom. */
export function routeBehaviours(stage: Stage): void {
  const withKey = withKeyOf(stage);

  test("an MCP client calls tools, and REST does", async () => {
    const visitor = stage.visitor();
    const client = await connectClient(`${origin}/mcp`, stage.setting().installation.key, visitor.fetch);
    expect(await callTool(client, "get_bridge_status", {})).toMatchObject({ running: true });
    await client.close();
    expect(await visitor.ask("/tools/get_bridge_status", withKey({ body: "{}" }))).toMatchObject({ status: 200 });
    expect((await visitor.ask("/tools", withKey({ method: "GET" }))).text).toContain("send_telegram_message");
    for (const path of ["/resources", "/resources/cctelegram?resource=event-types"]) {
      expect((await visitor.ask(path, withKey({ method: "GET" }))).text).toMatch(/event.types/);
      expect(await visitor.ask(path, { method: "GET" })).toMatchObject({ status: 401 });
    }
  });

  test("REST is described to everybody, with the policy that the page needs", async () => {
    const visitor = stage.visitor();
    expect(JSON.parse((await visitor.ask("/openapi.json")).text)).toMatchObject({ openapi: "3.1.1" });
    for (const path of ["/docs", "/docs/"]) {
      const { status, headers, text } = await visitor.ask(path);
      expect({ status, isPage: text.startsWith("<!doctype html>") }).toEqual({ status: 200, isPage: true });
      expect(headers["content-security-policy"]).toMatch(/^default-src 'none'; script-src 'sha256-/);
    }
  });

  test("a page of the own origin may ask, another may not", async () => {
    const from = (origin: string) => stage.visitor().ask("/health", { headers: { origin } });
    expect(await from(origin)).toMatchObject({ status: 200 });
    expect(await from("https://evil.example")).toMatchObject({ status: 403 });
  });

  test.each(nowhere)("%s is nothing", async (path) => {
    const answer = await stage.visitor().ask(path, withKey({ method: "GET" }));
    expect(answer.status).toBe(404);
    expectError(answer, "NOT_FOUND");
    // The server, which names the path, was not asked.
    expect(JSON.parse(answer.text).message).toBe("There is nothing at this path.");
  });

  test("a login that is looked for is answered by the server: a key is needed", async () => {
    const { status, text } = await stage.visitor().ask("/.well-known/oauth-authorization-server");
    expect({ status, tells: text.includes("X-API-Key") }).toEqual({ status: 404, tells: true });
  });

  test("/metrics is there from inside alone", async () => {
    const inside = await stage.insider().ask("/metrics");
    expect(inside).toMatchObject({ status: 200, text: expect.stringContaining("http_requests_total") });
    const outside = await stage.visitor().ask("/metrics", { headers: { "x-forwarded-for": "10.0.0.1" } });
    expect(outside.status).toBe(404);
    expectError(outside, "NOT_FOUND");
  });
}
