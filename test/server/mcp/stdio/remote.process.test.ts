import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { programOf } from "../../../support/programs.ts";
import { type FakeBridge, secret, startFakeBridge } from "../../support/fake-bridge.ts";
import { startFront } from "../../support/front.ts";
import { type Process, startProcess } from "../../support/process.ts";
import { keys, keysJson, startServer, type TestServer } from "../../support/server.ts";
import { handshake, type Line, startLine } from "../../support/stdio.ts";
import { talkingFeatures, waits } from "../../support/talking-features.ts";
import { stateless } from "../../support/web-socket.ts";

const main = programOf("server");

let bridge: FakeBridge;
let server: TestServer;
let line: Line | undefined;

beforeEach(async () => {
  bridge = await startFakeBridge();
  server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "100000" }, talkingFeatures);
  line = undefined;
});

afterEach(async () => {
  line?.child.kill("SIGKILL");
  await line?.exited;
  await server.close();
  await bridge.close();
});

function start(url = server.url, key: string = keys.all): Line {
  line = startLine({ CCTELEGRAM_URL: url, CCTELEGRAM_API_KEY: key, LOG_LEVEL: "debug" });
  return line;
}

const call = (id: string | number, name: string, args: object) => {
  return { jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args } };
};
const said = (text: string) => ({ result: { content: [{ type: "text", text }] } });

/** A server in a process of its own, which can be killed and come back on its port. */
async function startRemote(port = "0"): Promise<{ remote: Process; url: string }> {
  const remote = startProcess(["serve"], {
    HMAC_SECRET: secret,
    BRIDGE_URL: bridge.url,
    MCP_SERVER_HOST: "127.0.0.1",
    MCP_SERVER_PORT: port,
    METRICS_ENABLED: "false",
    MCP_API_KEYS: keysJson,
    SHUTDOWN_DELAY: "0",
  });
  const { http = "" } = await remote.logged("ready to work");
  return { remote, url: http };
}

describe("stdio as the client of a server elsewhere", () => {
  test("a client of the SDK calls, is asked, hears of progress, and ends it", async () => {
    const env = { PATH: process.env.PATH ?? "", CCTELEGRAM_URL: server.url, CCTELEGRAM_API_KEY: keys.all };
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [main, "stdio"],
      env,
      stderr: "pipe",
    });
    const client = new Client({ name: "test", version: "1" }, { capabilities: { elicitation: {} } });
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: "accept", content: { name: "Anna" } }));
    await client.connect(transport);
    await client.callTool({ name: "send_telegram_message", arguments: { message: "from afar" } });
    expect(bridge.events.at(-1)).toMatchObject({ description: "from afar", client: "admin" });
    const progress: number[] = [];
    const result = await client.callTool({ name: "greet" }, undefined, {
      onprogress: ({ progress: done }) => progress.push(done),
    });
    expect(result.content).toEqual([{ type: "text", text: "hello Anna" }]);
    expect(progress).toEqual([1]);
    await client.close();
  });

  test("requests of 2026-07-28 go with the headers that they need, names in other letters too", async () => {
    const { ask } = start();
    expect(await ask("server/discover", stateless())).toMatchObject({ result: { resultType: "complete" } });
    const params = stateless({ name: "echo", arguments: { said: "stateless" } });
    expect(await ask("tools/call", params)).toMatchObject(said("stateless"));
    for (const name of ["Größe ✓", " with spaces ", "=?base64?AA==?="]) {
      expect(await ask("tools/call", stateless({ name, arguments: {} }))).toMatchObject({ error: { code: -32602 } });
    }
  });

  test("with the slash, the path, or neither", async () => {
    for (const end of ["/", "/mcp", "/mcp/"]) {
      const one = start(server.url + end);
      expect(await handshake(one)).toMatchObject({ result: { protocolVersion: "2025-11-25" } });
      one.child.stdin?.end();
      expect(await one.exited).toBe(0);
    }
  });

  test("many at once get their own answers, on lines that are messages alone", async () => {
    const one = start();
    await handshake(one);
    for (let id = 1; id <= 100; id++) one.send(call(id, "echo", { said: `line\n${id}`, afterMs: id % 7 }));
    for (let id = 1; id <= 100; id++) expect(await one.answer(id)).toMatchObject(said(`line\n${id}`));
    expect(one.said()).toHaveLength(101);
  });

  test("a cancelled request is stopped there, in both eras, and not answered", async () => {
    const one = start();
    await handshake(one);
    one.send(call(1, "wait", { name: "session" }));
    one.send({ ...call(2, "wait", {}), params: stateless({ name: "wait", arguments: { name: "no session" } }) });
    await vi.waitFor(() => expect(waits.begun).toEqual(expect.arrayContaining(["session", "no session"])));
    for (const requestId of [1, 2])
      one.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } });
    await vi.waitFor(() => expect(waits.stopped).toEqual(expect.arrayContaining(["session", "no session"])));
    await one.ask("ping");
    expect(one.said().map(({ id }) => id)).not.toEqual(expect.arrayContaining([1]));
    expect(one.said().map(({ id }) => id)).not.toEqual(expect.arrayContaining([2]));
  });

  test("a message that is too large is answered here, and the next one there", async () => {
    const one = start();
    await handshake(one);
    one.write(`{"jsonrpc":"2.0","id":7,"method":"ping","params":{"pad":"${"x".repeat(3e6)}"}}\n`);
    expect(await one.answer(7)).toMatchObject({ error: { code: -32600 } });
    expect(await one.ask("ping")).toMatchObject({ result: {} });
  });

  test("before initialize the server says what is missing", async () => {
    expect(await start().ask("tools/list")).toMatchObject({ error: { code: -32600 } });
  });

  test("a wrong key is an error of the request that says what to look at, and is said to nobody", async () => {
    const key = "a-wrong-key-of-some-length";
    const one = start(server.url, key);
    const { error } = await one.ask("initialize", {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "t", version: "1" },
    });
    expect(error?.message).toContain("CCTELEGRAM_API_KEY");
    expect(one.stdout() + one.stderr()).not.toContain(key);
  });

  test("what is no MCP, and a redirect, are errors that say so; the key does not go elsewhere", async () => {
    const asked: string[] = [];
    const other = createServer(({ url, headers }, response) => {
      asked.push(`${url} ${headers["x-api-key"]}`);
      if (url?.startsWith("/moved")) response.writeHead(307, { location: "/elsewhere" }).end();
      else response.writeHead(200, { "content-type": "text/html" }).end("<html>");
    });
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const html = start(url);
    expect((await html.ask("ping")).error).toMatchObject({ code: -32603, message: expect.stringContaining(url) });
    html.child.kill("SIGKILL");
    const moved = start(`${url}/moved`);
    expect((await moved.ask("ping")).error?.message).toContain("set CCTELEGRAM_URL");
    expect(asked.filter((request) => request.startsWith("/elsewhere"))).toEqual([]);
    moved.child.kill("SIGKILL");
    other.close();
  });

  test("a server that comes only later is waited for", async () => {
    const { remote, url } = await startRemote();
    remote.child.kill("SIGKILL");
    await remote.exited;
    const one = start(url);
    const begun = handshake(one);
    const { remote: again } = await startRemote(new URL(url).port);
    expect(await begun).toMatchObject({ result: { protocolVersion: "2025-11-25" } });
    again.child.kill("SIGKILL");
  });

  test("a server that does not come is an error of each request, after a while", async () => {
    const { remote, url } = await startRemote();
    remote.child.kill("SIGKILL");
    await remote.exited;
    const { error } = await start(url).ask("ping");
    expect(error).toMatchObject({
      code: -32603,
      message: expect.stringContaining("nothing answers there (ECONNREFUSED)"),
    });
  });

  test("a server that is killed in the middle fails its requests alone, and the next ones find it again", async () => {
    const { remote, url } = await startRemote();
    const one = start(url);
    await handshake(one);
    let isHeld = true;
    bridge.intercept = async () => {
      while (isHeld) await new Promise((resolve) => setTimeout(resolve, 20));
      return false;
    };
    one.send(call("held", "send_telegram_message", { message: "held" }));
    await vi.waitFor(() => expect(bridge.requests.filter((request) => request.endsWith("/events"))).not.toEqual([]));
    remote.child.kill("SIGKILL");
    expect((await one.answer("held")).error?.message).toContain("may or may not have been done");
    isHeld = false;
    const { remote: again } = await startRemote(new URL(url).port);
    // Every server with the same keys knows the session.
    const sent = await one.ask("tools/call", { name: "send_telegram_message", arguments: { message: "again" } });
    expect(sent).toMatchObject({ result: { structuredContent: { success: true } } });
    expect(one.stderr()).not.toContain("begun anew");
    again.child.kill("SIGKILL");
  });

  test("a session that has ended is begun anew, once, and the client does not notice", async () => {
    const front = await startFront(() => server.url);
    const one = start(front.url);
    await handshake(one);
    const headers = { "x-api-key": keys.all, "mcp-session-id": front.sessions[0] ?? "" };
    expect((await fetch(`${server.url}/mcp`, { method: "DELETE", headers })).status).toBe(204);
    const before = one.said().length;
    const answers = await Promise.all(Array.from({ length: 10 }, () => one.ask("tools/list")));
    for (const { result } of answers) expect(result?.tools).toBeInstanceOf(Array);
    expect(one.said()).toHaveLength(before + 10);
    expect(new Set(front.sessions).size).toBe(2);
    expect(one.stderr().split("begun anew")).toHaveLength(2);
    front.close();
  });

  test("what is listened to there is passed on, and does not keep it from leaving", async () => {
    const one = start();
    const params = stateless({ notifications: { resourceSubscriptions: ["cctelegram://bridge-status"] } });
    one.send({ jsonrpc: "2.0", id: "listen", method: "subscriptions/listen", params });
    await one.until(({ method }) => method === "notifications/subscriptions/acknowledged");
    bridge.relay.publish({ topic: "status", text: "{}" });
    await one.until(({ method }) => method === "notifications/resources/updated");
    const before = performance.now();
    one.child.stdin?.end();
    expect(await one.exited).toBe(0);
    // The time to finish is 20 s.
    expect(performance.now() - before).toBeLessThan(20_000);
  });

  test("at the end of its input it passes on what is under way, ends the session, and leaves", async () => {
    const one = start();
    await handshake(one);
    for (let id = 1; id <= 20; id++) one.send(call(id, "echo", { said: `${id}`, afterMs: 100 }));
    one.child.stdin?.end();
    expect(await one.exited).toBe(0);
    expect(one.said()).toHaveLength(21);
    expect(server.log.filter(({ method }) => method === "DELETE")).toMatchObject([{ status: 204 }]);
  });

  test("an address that cannot be asked is an error that says so, at once", async () => {
    const { error } = await start("http://127.0.0.1:1").ask("ping");
    expect(error?.message).toContain("it cannot be reached (bad port)");
  });

  test("SIGTERM ends it, also while it waits for a server", async () => {
    const { remote, url } = await startRemote();
    remote.child.kill("SIGKILL");
    await remote.exited;
    const one = start(url);
    one.send({ jsonrpc: "2.0", id: 1, method: "ping" });
    await vi.waitFor(() => expect(one.stderr()).toContain("ready to work"));
    one.child.kill("SIGTERM");
    expect(await one.exited).toBe(0);
    expect(await one.answer(1)).toMatchObject({ error: { code: -32603 } });
  });
});
