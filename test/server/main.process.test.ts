import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type FakeBridge, secret, startFakeBridge } from "./support/fake-bridge.ts";
import { type Process, startProcess } from "./support/process.ts";
import { beginSession, connect, keys, keysJson } from "./support/server.ts";

let bridge: FakeBridge;
const started: Process[] = [];

beforeEach(async () => {
  bridge = await startFakeBridge();
});

afterEach(async () => {
  for (const { child, exited } of started.splice(0)) {
    child.kill("SIGKILL");
    await exited;
  }
  await bridge.close();
});

function run(args: string[], env: Record<string, string> = {}): Process {
  const process = startProcess(args, env);
  started.push(process);
  return process;
}

async function serve(env: Record<string, string> = {}) {
  const process = run(["serve"], {
    HMAC_SECRET: secret,
    BRIDGE_URL: bridge.url,
    MCP_API_KEYS: keysJson,
    MCP_SERVER_PORT: "0",
    METRICS_PORT: "0",
    SHUTDOWN_DELAY: "0",
    ...env,
  });
  const { http = "", metrics = "" } = await process.logged("ready to work");
  return { process, http, metrics };
}

/** As `TestServer.fetch`, for a server in a process of its own. */
const fetchWith = (http: string, path: string, init: RequestInit & { key?: string; json?: unknown }) =>
  fetch(http + path, {
    method: "POST",
    body: JSON.stringify(init.json),
    headers: { "content-type": "application/json", "x-api-key": init.key ?? "", ...(init.headers as object) },
  });

const send = (http: string) =>
  fetch(`${http}/tools/send_telegram_message`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": keys.all },
    body: '{"message":"hello"}',
  });

/** Lets the bridge hold every event until it is released. */
function hold() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  bridge.intercept = async () => {
    arrived.resolve();
    await promise;
    return false;
  };
  return { arrived: arrived.promise, release: resolve };
}

describe("the program", () => {
  test("names the variables that have no effect at its start, in one line without their values", async () => {
    const { process: program } = await serve({ REDIS_URL: "redis://:hunter2@redis", HEALTH_CHECK_INTERVAL: "30000" });
    const { variables } = await program.logged("these variables have no effect here");
    expect(Object.keys(variables ?? {}).toSorted()).toEqual(["HEALTH_CHECK_INTERVAL", "REDIS_URL"]);
    expect(program.stdout().split("these variables have no effect here")).toHaveLength(2);
    expect(program.stdout()).not.toContain("hunter2");
  });

  test("names the variables that mean something else than in the guides, in one line without their values", async () => {
    const { process: program } = await serve({ RETRY_MAX_ATTEMPTS: "4711", WORKER_THREADS: "4" });
    const { variables } = await program.logged("these variables mean something else here");
    expect(variables).toEqual({ RETRY_MAX_ATTEMPTS: expect.stringMatching(/failures of the message itself/) });
    expect(program.stdout()).not.toContain("4711");
    expect(await program.logged("these variables have no effect here")).toMatchObject({
      variables: { WORKER_THREADS: "more server pods" },
    });
  });

  test("lets sessions listen, finds its bridge again, and warns of nothing", async () => {
    const { process: program, http } = await serve();
    const server = { fetch: (path: string, init = {}) => fetchWith(http, path, init) };
    const { id } = await beginSession(server, keys.all);
    const listen = () =>
      fetch(`${http}/mcp`, { headers: { accept: "text/event-stream", "x-api-key": keys.all, "mcp-session-id": id } });
    const stream = await listen();
    expect([stream.status, stream.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    const { port } = bridge;
    await bridge.close();
    await new Promise((resolve) => setTimeout(resolve, 500));
    bridge = await startFakeBridge({ port });
    // The relay is another one: what was missed is asked for again.
    await vi.waitFor(async () => {
      await bridge.relay.publish({ topic: "status", text: "{}" });
      expect((await send(http)).status).toBe(200);
    });
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    await stream.body?.cancel();
    program.child.kill("SIGTERM");
    await program.exited;
    expect(program.stderr()).toBe("");
  });

  test("explains itself", async () => {
    const help = run(["--help"]);
    expect(await help.exited).toBe(0);
    expect(help.stdout()).toContain("MCP_API_KEYS_FILE");
    const version = run(["--version"]);
    expect(await version.exited).toBe(0);
    expect(version.stdout()).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test("ends with 78 and one message when role or configuration is wrong", async () => {
    const unknown = run(["server"]);
    expect(await unknown.exited).toBe(78);
    expect(unknown.stderr()).toBe(
      "Unknown role 'server'. Roles: serve, bridge, standalone, stdio, backup, restore. See --help.\n",
    );
    const empty = run(["serve"]);
    expect(await empty.exited).toBe(78);
    expect(empty.stderr()).toContain("Problems: 3");
    expect(empty.stdout()).toBe("");
  });

  test("serves MCP on one port and metrics on another", async () => {
    const { http, metrics } = await serve();
    const client = await connect(http, keys.all);
    const result = await client.callTool({ name: "send_telegram_message", arguments: { message: "hello" } });
    expect(result.structuredContent).toMatchObject({ success: true });
    await client.close();
    const exposed = await fetch(`${metrics}/metrics`);
    expect(exposed.headers.get("content-type")).toContain("text/plain");
    const text = await exposed.text();
    expect(text).toContain('mcp_tool_calls_total{tool="send_telegram_message",outcome="success"} 1');
    expect(text).toContain("process_resident_memory_bytes");
    expect((await fetch(`${metrics}/`)).status).toBe(404);
    expect((await fetch(`${metrics}/metrics`, { method: "POST" })).status).toBe(405);
    expect((await fetch(`${http}/metrics`)).status).toBe(404);
  });

  test("finishes a call in flight after SIGTERM and ends with 0", async () => {
    const { process, http } = await serve({ SHUTDOWN_DELAY: "300" });
    const { arrived, release } = hold();
    const answer = send(http);
    await arrived;
    process.child.kill("SIGTERM");
    await process.logged("shutting down; not ready any more");
    await vi.waitFor(() => expect(fetch(`${http}/health`)).rejects.toThrow());
    release();
    const response = await answer;
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ success: true });
    expect(await process.exited).toBe(0);
    expect(bridge.events).toHaveLength(1);
  });

  test("is not ready, but works, between SIGTERM and the end of the delay", async () => {
    const { process, http } = await serve({ SHUTDOWN_DELAY: "60000" });
    process.child.kill("SIGTERM");
    await process.logged("shutting down; not ready any more");
    expect((await fetch(`${http}/health/ready`)).status).toBe(503);
    expect((await send(http)).status).toBe(200);
    expect(process.child.exitCode).toBeNull();
  });

  test("does not wait longer than its time for a call that never ends", async () => {
    const { process, http } = await serve({ SHUTDOWN_TIMEOUT: "200" });
    const { arrived, release } = hold();
    const answer = send(http).catch((error: unknown) => error);
    await arrived;
    process.child.kill("SIGINT");
    expect(await process.exited).toBe(0);
    expect(process.stdout()).toContain("work was still in flight");
    expect(await answer).toBeInstanceOf(Error);
    release();
  });

  test("ends at once at the second signal", async () => {
    const { process } = await serve({ SHUTDOWN_DELAY: "60000" });
    process.child.kill("SIGINT");
    await process.logged("shutting down; not ready any more");
    process.child.kill("SIGINT");
    expect(await process.exited).toBe(1);
  });
});
