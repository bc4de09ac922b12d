import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { features } from "../../../server/features/features.ts";
import { pageOf } from "../../../server/mcp/pages.ts";
import type { Prompt } from "../../../server/prompts/prompt.ts";
import type { Resource, ResourceTemplate } from "../../../server/resources/resource.ts";
import { tools } from "../../../server/tools/registry.ts";
import { type FakeBridge, healthyStatus, startFakeBridge } from "../support/fake-bridge.ts";
import { beginSession, keys, postStateless, startServer, type TestServer } from "../support/server.ts";
import { workFeatures } from "../support/work-tool.ts";

let bridge: FakeBridge;
let server: TestServer;
let session: Awaited<ReturnType<typeof beginSession>>;

beforeAll(async () => {
  bridge = await startFakeBridge();
  server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "100000" });
  session = await beginSession(server, keys.all);
});

afterAll(async () => {
  await server.close();
  await bridge.close();
});

type Answer = { result: Record<string, unknown>; error?: { code: number } };

const stateless = async (method: string, params: Record<string, unknown> = {}, key: string = keys.all) =>
  (await (await postStateless(server, key, { method, params })).json()) as Answer;

const inSession = async (method: string, params: Record<string, unknown> = {}) =>
  (await (await session.post({ jsonrpc: "2.0", id: 1, method, params })).json()) as Answer;

const lists = ["tools/list", "resources/list", "resources/templates/list", "prompts/list"];

describe("pages", () => {
  const all = Array.from({ length: 7 }, (_, index) => index);

  test("are all of a list, in order, each by the cursor of the one before", () => {
    const seen: number[] = [];
    let cursor: string | undefined;
    do {
      const page = pageOf(all, cursor, 3);
      expect(pageOf(all, cursor, 3)).toEqual(page);
      seen.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(all);
  });

  test("the last one has no cursor, even when it is full", () => {
    expect(pageOf([1, 2, 3], undefined, 3)).toEqual({ items: [1, 2, 3] });
    expect(pageOf([], undefined, 3)).toEqual({ items: [] });
  });

  test.each(lists)("of %s that nobody gave a cursor for are refused", async (method) => {
    for (const cursor of [
      "",
      "x",
      "3",
      Buffer.from("from 999").toString("base64url"),
      `${"A".repeat(2000)}`,
      "ZnJvbSAw=",
    ]) {
      expect(await inSession(method, { cursor })).toMatchObject({ error: { code: -32602 } });
      expect(await stateless(method, { cursor })).toMatchObject({ error: { code: -32602 } });
    }
  });
});

describe("lists and what may be kept of them", () => {
  const cached = [...lists, "server/discover", "resources/read"];
  const paramsOf = (method: string) => (method === "resources/read" ? { uri: "cctelegram://bridge-status" } : {});

  test.each(cached)("%s says for how long it stays right, in milliseconds from 0 on", async (method) => {
    const { result } = await stateless(method, paramsOf(method));
    expect(Number.isInteger(result.ttlMs)).toBe(true);
    expect(result.ttlMs).toBeGreaterThanOrEqual(0);
    expect(["public", "private"]).toContain(result.cacheScope);
  });

  test.each(cached)("%s is public only when it is the same for every key", async (method) => {
    const { result } = await stateless(method, paramsOf(method));
    if (result.cacheScope !== "public") return expect(result.cacheScope).toBe("private");
    expect((await stateless(method, paramsOf(method), keys.nothing)).result).toEqual(result);
  });

  test.each(lists)("%s is the same each time, whatever was asked before", async (method) => {
    const first = await stateless(method);
    await stateless("tools/call", { name: "get_bridge_status" });
    await stateless("nonsense");
    expect(await stateless(method)).toEqual(first);
    const { resultType: _type, ttlMs: _ttl, cacheScope: _scope, _meta, ...items } = first.result;
    expect((await inSession(method)).result).toEqual(items);
  });
});

describe("tools", () => {
  const args: Record<string, object> = {
    send_telegram_event: { type: "task_completion", title: "t", description: "d" },
    send_telegram_message: { message: "m" },
    send_performance_alert: { title: "CPU", current_value: 95, threshold: 80 },
    send_task_completion: { task_id: "1", title: "t" },
    get_bridge_status: {},
    send_approval_request: { title: "Go on?", description: "It is ready" },
    register_claude_todos: { todos: [] },
    lift_ban: { address: "203.0.113.7" },
    retry_dead_letter: { id: 7 },
    drop_dead_letter: { id: 7 },
  };

  test.each([...tools.keys()])("%s answers what its schema says", async (name) => {
    const { result } = await stateless("tools/call", { name, arguments: args[name] ?? {} });
    const listed = ((await stateless("tools/list")).result.tools as { name: string; outputSchema: object }[]).find(
      (tool) => tool.name === name,
    );
    const text = (result.content as [{ text: string }])[0].text;
    if (name === "todo") {
      expect(listed).not.toHaveProperty("outputSchema");
      return expect(text).toContain("# 📋 Live Todo Dashboard");
    }
    const parsed = z
      .fromJSONSchema(listed?.outputSchema as Parameters<typeof z.fromJSONSchema>[0])
      .safeParse(result.structuredContent);
    expect(parsed.error).toBeUndefined();
    expect(JSON.parse(text)).toEqual(result.structuredContent);
  });

  test.each([...tools.keys()])("%s has schemas of JSON Schema 2020-12 without a dialect of their own", async (name) => {
    const all = (await stateless("tools/list")).result.tools as Record<string, Record<string, unknown>>[];
    const tool = all.find((each) => String(each.name) === name);
    for (const schema of [tool?.inputSchema, ...(name === "todo" ? [] : [tool?.outputSchema])]) {
      expect(schema).toMatchObject({ type: "object" });
      expect(schema).not.toHaveProperty("$schema");
      expect(JSON.stringify(schema)).not.toContain('"$ref"');
      const read = () => z.fromJSONSchema(schema as never, { defaultTarget: "draft-2020-12" });
      expect(read).not.toThrow();
    }
  });

  test("names are of one case, once each", async () => {
    expect(await stateless("tools/call", { name: "GET_BRIDGE_STATUS" })).toMatchObject({ error: { code: -32602 } });
    const all = (await stateless("tools/list")).result.tools as { name: string }[];
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  });
});

describe("resources", () => {
  test("have URIs with a scheme of their own", async () => {
    const { resources } = (await stateless("resources/list")).result as { resources: { uri: string }[] };
    for (const { uri } of resources) expect(new URL(uri)).toMatchObject({ protocol: "cctelegram:", href: uri });
  });

  test.each([
    "cctelegram://events/../bridge-status",
    "cctelegram://events/a/b",
    "cctelegram://events/",
    "cctelegram://events/%2e%2e%2fbridge-status",
    "cctelegram://events/%zz",
    "cctelegram://EVENT-TYPES",
    "cctelegram://event-types/",
    "file:///etc/passwd",
    "http://127.0.0.1/health",
    "",
    "x".repeat(3000),
  ])("there is none at %s", async (uri) => {
    const answers = [await inSession("resources/read", { uri }), await stateless("resources/read", { uri })];
    expect(answers.map(({ error }) => error?.code)).toEqual([-32002, -32602]);
    for (const answer of answers) expect(answer).not.toHaveProperty("result");
  });
});

test("what fails inside is -32603 and tells nothing of it", async () => {
  const fail = (): Promise<never> => Promise.reject(new Error("the password is hunter2"));
  const broken: Resource = {
    uri: "test://broken",
    name: "broken",
    title: "Broken",
    description: "Fails.",
    mimeType: "text/plain",
    read: fail,
  };
  const prompt: Prompt = { ...broken, arguments: [], messages: fail };
  const own = await startServer(bridge.url, {}, { ...features, resources: [broken], prompts: [prompt] });
  const session = await beginSession(own, keys.all);
  for (const call of [
    { method: "resources/read", params: { uri: broken.uri } },
    { method: "prompts/get", params: { name: prompt.name } },
  ]) {
    const answers = [
      await (await postStateless(own, keys.all, call)).text(),
      await (await session.post({ jsonrpc: "2.0", id: 1, ...call })).text(),
    ];
    for (const answer of answers) {
      expect(JSON.parse(answer)).toMatchObject({ error: { code: -32603 } });
      expect(answer).not.toContain("hunter2");
    }
  }
  await own.close();
});

describe("completion", () => {
  const complete = (ref: object, value = "") =>
    inSession("completion/complete", { ref, argument: { name: "x", value } });

  test("of what is not there is refused", async () => {
    expect(await complete({ type: "ref/prompt", name: "nothing" })).toMatchObject({ error: { code: -32602 } });
    expect(await complete({ type: "ref/resource", uri: "cctelegram://nothing/{x}" })).toMatchObject({
      error: { code: -32002 },
    });
    expect(await complete({ type: "ref/tool", name: "x" })).toMatchObject({ error: { code: -32602 } });
    expect(await complete({ type: "ref/prompt" })).toMatchObject({ error: { code: -32602 } });
  });

  test("gives a hundred values at most, and none of templates that a key may not see", async () => {
    const all = Array.from({ length: 150 }, (_, index) => `value-${index}`);
    const template: ResourceTemplate = {
      uriTemplate: "test://secret/{x}",
      name: "secret",
      title: "Secret",
      description: "Not for everybody.",
      mimeType: "text/plain",
      permission: "secret",
      read: async () => [],
      complete: async (_variable, typed) => all.filter((value) => value.startsWith(typed)),
    };
    const offered = { ...features, resourceTemplates: [template] };
    const own = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "100000" }, offered);
    const ask = async (key: string, value: string) => {
      const params = { ref: { type: "ref/resource", uri: template.uriTemplate }, argument: { name: "x", value } };
      const response = await postStateless(own, key, { method: "completion/complete", params });
      return (await response.json()) as Answer;
    };
    expect((await ask(keys.all, "value-14")).result.completion).toEqual({
      values: ["value-14", ...all.slice(140, 150)],
      total: 11,
      hasMore: false,
    });
    expect((await ask(keys.all, "")).result.completion).toEqual({
      values: all.slice(0, 100),
      total: 150,
      hasMore: true,
    });
    expect((await ask(keys.nothing, "value-14")).error).toMatchObject({ code: -32602 });
    await own.close();
  });
});

describe("what tools say", () => {
  const secret = "hunter2";

  test("is what their schemas have, and nothing else of what a bridge tells", async () => {
    bridge.intercept = (_request, response) => {
      const { metrics, telegram } = healthyStatus;
      const more = { ...healthyStatus, secret, metrics: { ...metrics, secret }, telegram: { ...telegram, secret } };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(more));
      return true;
    };
    try {
      const { result } = await stateless("tools/call", { name: "get_bridge_status", arguments: {} });
      expect(result).toMatchObject({ structuredContent: { running: true, telegram: { reachable: true } } });
      expect(JSON.stringify(result)).not.toContain("secret");
    } finally {
      bridge.intercept = () => false;
    }
  });

  test("of an error that nobody knows is nothing of its words", async () => {
    const failing = workFeatures(() => Promise.reject(new Error(`the password is ${secret}`)));
    const own = await startServer(bridge.url, {}, failing);
    const response = await postStateless(own, keys.all, { method: "tools/call", params: { name: "work" } });
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ result: { isError: true } });
    expect(text).toContain("INTERNAL_ERROR");
    expect(text).not.toContain(secret);
    await own.close();
  });
});
