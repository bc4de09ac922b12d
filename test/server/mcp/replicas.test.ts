import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema, ResourceUpdatedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { text } from "../../../server/features/content.ts";
import { type Features, features } from "../../../server/features/features.ts";
import { defineContentTool } from "../../../server/tools/tool.ts";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { beginSession, keys, postStateless, startServer, type TestServer } from "../support/server.ts";

const listed = {
  title: "Test",
  description: "For this test.",
  rest: ["POST"] as const,
  cost: 1,
  input: z.object({}),
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
};

let cancelled = 0;
/** Resolves when the next call that waits has begun. */
let waiting = Promise.withResolvers<void>();

const ask = defineContentTool({
  ...listed,
  name: "ask",
  permission: "ask",
  async handler(_args, { interaction }) {
    const requestedSchema = { type: "object", properties: { name: { type: "string" } } };
    const params = { message: "Who are you?", requestedSchema };
    const { who } = await interaction.input({ who: { method: "elicitation/create", params } });
    return { content: [text(JSON.stringify(who?.content))] };
  },
});

const wait = defineContentTool({
  ...listed,
  name: "wait",
  permission: "wait",
  async handler(_args, { interaction: { signal } }) {
    waiting.resolve();
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    cancelled += 1;
    return { content: [text("cancelled")] };
  },
});

const speak = defineContentTool({
  ...listed,
  name: "speak",
  permission: "speak",
  async handler(_args, { interaction }) {
    for (const level of ["debug", "info", "error"] as const) interaction.log(level, level);
    return { content: [text("spoken")] };
  },
});

/** A question in a task. */
const form = defineContentTool({
  ...listed,
  name: "form",
  permission: "form",
  async handler(_args, { interaction }) {
    interaction.detach();
    const requestedSchema = { type: "object", properties: { name: { type: "string" } } };
    const params = { message: "Who are you?", requestedSchema };
    const { who } = await interaction.input({ who: { method: "elicitation/create", params } });
    return { content: [text(JSON.stringify(who?.content))] };
  },
});

/** Ends when somebody says so. */
let later = Promise.withResolvers<void>();

const report = defineContentTool({
  ...listed,
  name: "report",
  permission: "report",
  async handler(_args, { interaction }) {
    interaction.progress(1);
    await later.promise;
    interaction.progress(2);
    return { content: [text("reported")] };
  },
});

const offered: Features = {
  ...features,
  tools: new Map([...features.tools, ...[ask, wait, speak, report, form].map((tool) => [tool.name, tool] as const)]),
};

let bridge: FakeBridge;
let servers: readonly TestServer[];

beforeAll(async () => {
  bridge = await startFakeBridge();
  const start = () => startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "100000" }, offered);
  servers = await Promise.all([start(), start(), start()]);
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await bridge.close();
});

const serverAt = (index: number): TestServer => servers[index % servers.length] as TestServer;

/** A client whose every request goes to the next server. */
async function roamingClient(): Promise<Client> {
  let turn = 0;
  const client = new Client({ name: "roaming", version: "1" }, { capabilities: { elicitation: {} } });
  const transport = new StreamableHTTPClientTransport(new URL(`${serverAt(0).url}/mcp`), {
    requestInit: { headers: { "x-api-key": keys.all } },
    fetch: (url, init) => {
      const target = new URL(String(url));
      target.port = new URL(serverAt(turn++).url).port;
      return fetch(target, init);
    },
  });
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  return client;
}

describe("a client whose requests go to a different replica each time", () => {
  test("calls tools and reads resources as if there were one", async () => {
    const client = await roamingClient();
    for (let count = 0; count < 9; count++) {
      const result = await client.callTool({ name: "get_bridge_status" });
      expect(result.structuredContent).toMatchObject({ running: true });
      expect((await client.listTools()).tools.length).toBe(offered.tools.size);
    }
    await client.close();
  });

  test("is asked by one replica and answers to another", async () => {
    const client = await roamingClient();
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: "accept", content: { name: "Ada" } }));
    for (let count = 0; count < 4; count++) {
      expect(await client.callTool({ name: "ask" })).toMatchObject({ content: [{ text: '{"name":"Ada"}' }] });
    }
    await client.close();
  });

  test("hears on its stream of what it subscribed to elsewhere", async () => {
    const client = await roamingClient();
    const heard: string[] = [];
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void heard.push(params.uri));
    const uri = "cctelegram://bridge-status";
    await client.subscribeResource({ uri });
    await vi.waitFor(
      async () => {
        await bridge.relay.publish({ topic: "status", text: "{}" });
        expect(heard).toContain(uri);
      },
      { interval: 100 },
    );
    await client.unsubscribeResource({ uri });
    // What is on its way still comes.
    await vi.waitFor(async () => {
      const before = heard.length;
      await bridge.relay.publish({ topic: "status", text: "{}" });
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(heard).toHaveLength(before);
    });
    await client.close();
  });

  test("cancels at one replica what another is at work on, and gets no answer to it", async () => {
    const before = cancelled;
    waiting = Promise.withResolvers();
    const { id, post } = await beginSession(serverAt(0), keys.all);
    const answer = post({ jsonrpc: "2.0", id: 7, method: "tools/call", params: { name: "wait" } });
    const cancel = (json: object, key: string = keys.all) =>
      serverAt(1).fetch("/mcp", { key, json, headers: { "mcp-session-id": id } });
    const notification = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } };
    await waiting.promise;
    expect((await cancel({ ...notification, params: { requestId: "7" } })).status).toBe(202);
    expect((await cancel(notification, keys.messages)).status).toBe(404);
    expect(cancelled).toBe(before);
    expect((await cancel(notification)).status).toBe(202);
    await vi.waitFor(() => expect(cancelled).toBe(before + 1));
    expect(await (await answer).text()).toBe("");
  });

  test("sets the level of the log for all of them", async () => {
    const { id } = await beginSession(serverAt(0), keys.all);
    const send = (server: number, method: string, params: object) =>
      serverAt(server).fetch("/mcp", {
        key: keys.all,
        json: { jsonrpc: "2.0", id: 1, method, params },
        headers: { "mcp-session-id": id, accept: "application/json, text/event-stream" },
      });
    const levels = async (server: number) => {
      const answer = await (await send(server, "tools/call", { name: "speak" })).text();
      return [...answer.matchAll(/"level":"(\w+)"/g)].map(([, level]) => level);
    };
    expect(await levels(2)).toEqual(["info", "error"]);
    await send(1, "logging/setLevel", { level: "error" });
    await vi.waitFor(async () => {
      for (const server of [0, 1, 2]) expect(await levels(server)).toEqual(["error"]);
    });
    const late = await startServer(bridge.url, {}, offered);
    const answer = await late.fetch("/mcp", {
      key: keys.all,
      json: { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "speak" } },
      headers: { "mcp-session-id": id, accept: "application/json, text/event-stream" },
    });
    expect(await answer.text()).not.toContain('"level":"info"');
    await late.close();
  });

  test("ends its session everywhere", async () => {
    const { id } = await beginSession(serverAt(0), keys.all);
    const ping = (server: number) =>
      serverAt(server).fetch("/mcp", {
        key: keys.all,
        json: { jsonrpc: "2.0", id: 1, method: "ping" },
        headers: { "mcp-session-id": id },
      });
    expect([(await ping(1)).status, (await ping(2)).status]).toEqual([200, 200]);
    await serverAt(1).fetch("/mcp", { method: "DELETE", key: keys.all, headers: { "mcp-session-id": id } });
    await vi.waitFor(async () => {
      for (const server of [0, 1, 2]) expect((await ping(server)).status).toBe(404);
    });
  });

  test("comes back to another replica for the rest of a stream", async () => {
    later = Promise.withResolvers<void>();
    const { id, post } = await beginSession(serverAt(0), keys.all);
    const params = { name: "report", _meta: { progressToken: "p" } };
    const first = await post({ jsonrpc: "2.0", id: 7, method: "tools/call", params });
    const reader = first.body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = "";
    while (!seen.includes('"progress":1')) seen += (await reader?.read())?.value ?? "";
    const lastEventId = /id: (\S+\/1)/.exec(seen)?.[1] ?? "";
    await reader?.cancel();
    const resume = (server: number, key: string, session: string, event = lastEventId) =>
      serverAt(server).fetch("/mcp", {
        key,
        headers: { accept: "text/event-stream", "mcp-session-id": session, "last-event-id": event },
      });
    const other = await beginSession(serverAt(2), keys.all);
    expect((await resume(1, keys.all, other.id)).status).toBe(400);
    const again = await resume(1, keys.all, id);
    expect(again.status).toBe(200);
    later.resolve();
    const rest = await again.text();
    expect(rest).not.toContain('"progress":1');
    expect(rest).toMatch(/"progress":2(?:.|\n)*"reported"/);
    const whole = await resume(2, keys.all, id, lastEventId.replace("/1", "/0"));
    expect(await whole.text()).toMatch(/"progress":1(?:.|\n)*"progress":2(?:.|\n)*"reported"/);
  });

  test("listens on at another replica, and hears what came in between", async () => {
    const uri = "cctelegram://bridge-status";
    const { id, post } = await beginSession(serverAt(0), keys.all);
    await post({ jsonrpc: "2.0", id: 1, method: "resources/subscribe", params: { uri } });
    const changed = () => bridge.relay.publish({ topic: "status", text: "{}" });
    const headers = { accept: "text/event-stream", "mcp-session-id": id };
    const first = await serverAt(0).fetch("/mcp", { key: keys.all, headers });
    const reading = first.body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = "";
    while (!/id: (\S+\/0)/.test(seen)) seen += (await reading?.read())?.value ?? "";
    await reading?.cancel();
    await changed();
    const resumed = { ...headers, "last-event-id": /id: (\S+\/0)/.exec(seen)?.[1] ?? "" };
    const second = await serverAt(1).fetch("/mcp", { key: keys.all, headers: resumed });
    let heard = "";
    const goingOn = second.body?.pipeThrough(new TextDecoderStream()).getReader();
    const until = async (pattern: RegExp) => {
      while (!pattern.test(heard)) heard += (await goingOn?.read())?.value ?? "";
    };
    // What was kept, and then a stream of its own.
    await until(/resources\/updated[\s\S]*id: listen-\S+\/0\n/);
    await changed();
    await until(/resources\/updated[\s\S]*resources\/updated/);
    const open = 'mcp_open_streams{transport="http"}';
    await vi.waitFor(async () =>
      expect([await serverAt(0).metric(open), await serverAt(1).metric(open)]).toEqual(["0", "1"]),
    );
    await goingOn?.cancel();
  });

  test("asks any replica about a task, answers it there and cancels it there", async () => {
    const extension = "io.modelcontextprotocol/tasks";
    const _meta = {
      "io.modelcontextprotocol/clientCapabilities": { elicitation: {}, extensions: { [extension]: {} } },
    };
    const ask = async (server: number, method: string, params: Record<string, unknown>, key: string = keys.all) => {
      const name = params.taskId ?? params.name;
      const call = { method, params: { ...params, _meta } };
      const response = await postStateless(serverAt(server), key, call, { "mcp-name": String(name) });
      return (await response.json()) as { result: Record<string, never>; error?: { code: number } };
    };
    const { taskId } = (await ask(0, "tools/call", { name: "form" })).result;
    await vi.waitFor(async () => {
      expect((await ask(1, "tasks/get", { taskId })).result).toMatchObject({ status: "input_required" });
    });
    expect((await ask(2, "tasks/get", { taskId }, keys.messages)).error).toMatchObject({ code: -32602 });
    const [question = ""] = Object.keys((await ask(2, "tasks/get", { taskId })).result.inputRequests ?? {});
    const inputResponses = { [question]: { action: "accept", content: { name: "Ada" } } };
    await ask(2, "tasks/update", { taskId, inputResponses });
    await vi.waitFor(async () => {
      expect((await ask(1, "tasks/get", { taskId })).result).toMatchObject({
        status: "completed",
        result: { content: [{ text: '{"name":"Ada"}' }] },
      });
    });
    const second = (await ask(0, "tools/call", { name: "form" })).result.taskId;
    await ask(1, "tasks/cancel", { taskId: second });
    expect((await ask(0, "tasks/get", { taskId: second })).result).toMatchObject({ status: "cancelled" });
  });

  test("cannot answer what another client was asked", async () => {
    const { id, post } = await beginSession(serverAt(0), keys.messages);
    const params = {
      protocolVersion: "2025-11-25",
      capabilities: { elicitation: {} },
      clientInfo: { name: "test", version: "1" },
    };
    const begun = await serverAt(0).fetch("/mcp", {
      key: keys.all,
      json: { jsonrpc: "2.0", id: 0, method: "initialize", params },
    });
    const session = begun.headers.get("mcp-session-id") ?? "";
    const stream = await serverAt(0).fetch("/mcp", {
      key: keys.all,
      json: { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "ask" } },
      headers: { "mcp-session-id": session, accept: "application/json, text/event-stream" },
    });
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    const asked = /"id":"([^"]+)"/.exec((await reader?.read())?.value ?? "")?.[1];
    expect(asked).toBeDefined();
    const forged = { jsonrpc: "2.0", id: asked, result: { action: "accept", content: { name: "Mallory" } } };
    expect(id).not.toBe(session);
    await post(forged);
    const own = { ...forged, result: { action: "accept", content: { name: "Ada" } } };
    await serverAt(1).fetch("/mcp", { key: keys.all, json: own, headers: { "mcp-session-id": session } });
    expect((await reader?.read())?.value).toContain("Ada");
  });
});
