import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { beginSession, keys, startServer, type TestServer } from "../support/server.ts";
import {
  type Heard,
  type HostileInput,
  type HostileLink,
  hostileInputs,
  marker,
  ownId,
  type Writer,
} from "./hostile-inputs.ts";

const accept = "application/json, text/event-stream";

async function heardIn(response: Response) {
  const text = await response.text();
  const messages = text === "" ? [] : [JSON.parse(text)].flat();
  return { status: response.status, messages };
}

const sessionWriter: Writer = {
  era: "handshake",
  request: (method, params = {}, id = ownId) => JSON.stringify({ jsonrpc: "2.0", id, method, params }),
};

async function session(server: TestServer): Promise<HostileLink> {
  const { id } = await beginSession(server, keys.all);
  const headers = { "content-type": "application/json", accept, "mcp-session-id": id };
  return {
    writer: sessionWriter,
    send: async (body) => heardIn(await server.fetch("/mcp", { method: "POST", key: keys.all, body, headers })),
    close: async () => {},
  };
}

const statelessWriter: Writer = {
  era: "stateless",
  request(method, params = {}, id = ownId) {
    const { _meta, ...rest } = params as { _meta?: object };
    const own = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {},
      ..._meta,
    };
    return JSON.stringify({ jsonrpc: "2.0", id, method, params: { ...rest, _meta: own } });
  },
};

type Repeated = { readonly method?: unknown; readonly params?: Record<string, unknown> };

function repeatedIn(text: string): Repeated {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

/** The headers that go with a message, as well as they can. */
function mirrorsOf(text: string): Record<string, string> {
  const { method, params } = repeatedIn(text);
  const meta = params?._meta as Record<string, unknown> | undefined;
  const version = meta?.["io.modelcontextprotocol/protocolVersion"];
  const subject = params?.name ?? params?.uri;
  return {
    "mcp-protocol-version": typeof version === "string" ? version : "2026-07-28",
    ...(typeof method === "string" && { "mcp-method": isHeader(method) ? method : "unprintable" }),
    ...(typeof subject === "string" && { "mcp-name": `=?base64?${Buffer.from(subject).toString("base64")}?=` }),
  };
}

const isHeader = (text: string) => /^[\x20-\x7e]*$/.test(text) && text.trim() === text;

/** HeaderMismatch (MCP 2026-07-28, Server Validation), where no header can repeat what the message says. */
function mismatchOf(text: string): number | undefined {
  const { method, params } = repeatedIn(text);
  const subject = method === "resources/read" ? params?.uri : params?.name;
  const hasSubject = ["tools/call", "prompts/get", "resources/read"].includes(String(method));
  const isRepeated = !hasSubject || (typeof subject === "string" && subject.isWellFormed());
  return isRepeated && (typeof method !== "string" || isHeader(method)) ? undefined : -32020;
}

async function stateless(server: TestServer): Promise<HostileLink> {
  return {
    writer: statelessWriter,
    send: async (body) => {
      const headers = { "content-type": "application/json", accept, ...mirrorsOf(body) };
      return heardIn(await server.fetch("/mcp", { method: "POST", key: keys.all, body, headers }));
    },
    ownError: mismatchOf,
    close: async () => {},
  };
}

/** Every way to a server. */
const transports: readonly { name: string; open(server: TestServer): Promise<HostileLink> }[] = [
  { name: "streamable HTTP, 2025-11-25", open: session },
  { name: "streamable HTTP, 2026-07-28", open: stateless },
];

function check({ answer }: HostileInput, { messages, status }: Heard, text: string, ownError?: number) {
  expect(status ?? 200).toBeLessThan(500);
  if (answer === "silence") return expect(messages).toEqual([]);
  expect(messages).toHaveLength(1);
  const [{ id, result, error } = {}] = messages;
  const isReadable = typeof answer === "string" || answer.id !== "none";
  if (isReadable && ownError !== undefined)
    return expect({ id, code: error?.code }).toEqual({ id: ownId, code: ownError });
  if (answer === "result") {
    expect(result).toBeTypeOf("object");
    return expect(id).toBe(JSON.parse(text).id);
  }
  if (answer === "result or -32602") return expect(error?.code ?? -32602).toBe(-32602);
  expect(answer.codes).toContain(error?.code);
  expect(error).toMatchObject({ code: expect.any(Number), message: expect.any(String) });
  if (answer.id === "own") expect(id).toBe(ownId);
  if (answer.id !== "none") return;
  expect(id ?? null).toBeNull();
  // Nobody could tell whose answer it is, so HTTP tells that it is an error.
  if (status !== undefined) expect(status).toBeGreaterThanOrEqual(400);
}

describe.each(transports)("over $name", ({ open }) => {
  let bridge: FakeBridge;
  let server: TestServer;
  let link: HostileLink;
  let era: string;

  beforeAll(async () => {
    bridge = await startFakeBridge();
    server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "100000" });
    link = await open(server);
    era = link.writer.era;
  });

  afterAll(async () => {
    await link.close();
    await server.close();
    await bridge.close();
  });

  /** The server is there, and takes part in what it is asked. */
  async function isWell() {
    const { messages } = await link.send(link.writer.request("tools/call", { name: "get_bridge_status" }, "well"));
    expect(messages).toMatchObject([{ id: "well", result: { structuredContent: { running: true } } }]);
  }

  test.each(hostileInputs)("$name is answered as it should be", async (input) => {
    if (input.eras?.includes(era as Writer["era"]) === false) return;
    const text = input.text(link.writer);
    const before = server.logText().length;
    check(input, await link.send(text), text, link.ownError?.(text));
    await isWell();
    const logged = server.logText().slice(before);
    expect(logged).not.toContain(marker);
    for (const line of logged.trim().split("\n")) expect(JSON.parse(line)).toMatchObject({ msg: expect.any(String) });
    expect({}).not.toHaveProperty("isError");
  });

  test("requests with the same id are answered each", async () => {
    const calls = Array.from({ length: 5 }, () => link.send(link.writer.request("tools/list", {}, ownId)));
    for (const { messages } of await Promise.all(calls)) expect(messages).toMatchObject([{ id: ownId, result: {} }]);
    await isWell();
  });
});

test("methods without parameters are the only ones that take parameters of any type", async () => {
  const bridge = await startFakeBridge();
  const server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "100000" });
  const taking = new Set<string>();
  for (const { open } of transports) {
    const link = await open(server);
    for (const input of hostileInputs) {
      if (input.answer !== "result or -32602" || input.eras?.includes(link.writer.era) === false) continue;
      const text = input.text(link.writer);
      const { messages } = await link.send(text);
      if (messages[0]?.result !== undefined) taking.add(JSON.parse(text).method);
    }
  }
  expect([...taking].sort()).toEqual(["ping", "server/discover"]);
  await server.close();
  await bridge.close();
});
