import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { type FakeBridge, startFakeBridge } from "../../support/fake-bridge.ts";
import { startFront } from "../../support/front.ts";
import { keys, startServer, type TestServer } from "../../support/server.ts";
import { handshake, type Line, startLine } from "../../support/stdio.ts";
import { stateless } from "../../support/web-socket.ts";

const main = fileURLToPath(new URL("../../../../server/main.ts", import.meta.url));

let bridge: FakeBridge;
let server: TestServer;
let line: Line | undefined;

beforeEach(async () => {
  bridge = await startFakeBridge();
  server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "100000" });
  line = undefined;
});

afterEach(async () => {
  line?.child.kill("SIGKILL");
  await line?.exited;
  await server.close();
  await bridge.close();
});

const environment = (session: string) => ({
  CCTELEGRAM_URL: server.url,
  CCTELEGRAM_API_KEY: keys.all as string,
  CCTELEGRAM_SESSION: session,
  LOG_LEVEL: "debug",
});

const isThere = (name: string) =>
  vi.waitFor(() => expect(bridge.sessions.holderOf("admin", name)).toBeDefined(), { timeout: 10_000 });
const settled = (name: string, count: number) =>
  vi.waitFor(
    () => expect(bridge.sessions.endings("admin", name)).toEqual(Array.from({ length: count }, () => "read")),
    { timeout: 10_000 },
  );

describe("a channel by stdio, of a server elsewhere", () => {
  test("the SDK's client hears what people say, and its name is free when it is gone", async () => {
    const heard: string[] = [];
    const client = new Client({ name: "claude-code", version: "2.1.81" });
    const notification = z.object({
      method: z.literal("notifications/claude/channel"),
      params: z.object({ content: z.string() }),
    });
    client.setNotificationHandler(notification, ({ params }) => void heard.push(params.content));
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [main, "stdio"],
      env: environment("api"),
      stderr: "ignore",
    });
    await client.connect(transport);
    expect(client.getServerCapabilities()?.experimental).toMatchObject({ "claude/channel": {} });
    await isThere("api");
    for (const text of ["one", "two"]) bridge.sessions.say("admin", "api", text);
    await settled("api", 2);
    expect(heard).toEqual(["one", "two"]);
    await client.close();
    await vi.waitFor(() => expect(bridge.sessions.holderOf("admin", "api")).toBeUndefined(), { timeout: 10_000 });
  });

  test("finds no server/discover, and is told what was said while its process was dead", async () => {
    line = startLine(environment("api"));
    expect((await line.ask("server/discover", stateless())).error).toMatchObject({ code: -32601 });
    await handshake(line);
    await isThere("api");
    line.child.kill("SIGKILL");
    await line.exited;
    bridge.sessions.expire("admin", "api");
    bridge.sessions.say("admin", "api", "are you there?");
    line = startLine(environment("api"));
    await handshake(line);
    await line.until(({ method }) => method === "notifications/claude/channel");
    const { id } = await line.until(({ method }) => method === "ping");
    line.send({ jsonrpc: "2.0", id, result: {} });
    await settled("api", 1);
  });

  test("a session that the server has forgotten begins anew under the name that it had registered", async () => {
    const front = await startFront(() => server.url);
    line = startLine({ ...environment("api"), CCTELEGRAM_URL: front.url });
    await handshake(line);
    await isThere("api");
    await line.ask("tools/call", { name: "register_session", arguments: { name: "web" } });
    await isThere("web");
    const headers = { "mcp-session-id": front.sessions[0] ?? "" };
    expect((await server.fetch("/mcp", { method: "DELETE", key: keys.all, headers })).status).toBe(204);
    await vi.waitFor(() => expect(bridge.sessions.holderOf("admin", "web")).toBeUndefined(), { timeout: 10_000 });
    await line.ask("tools/list");
    await isThere("web");
    bridge.sessions.say("admin", "web", "hello");
    const told = await line.until(({ method }) => method === "notifications/claude/channel");
    expect(told.params).toMatchObject({ content: "hello" });
    front.close();
  });
});
