import { randomUUID } from "node:crypto";
import { bodyLimit } from "../../../contract/limits.ts";
import { beginSession, keys, type TestServer } from "../support/server.ts";
import type { Line } from "../support/stdio.ts";
import { type Answer, session as beginConversation, talk } from "../support/web-socket.ts";
import { type HostileLink, ownId, type Writer } from "./hostile-inputs.ts";

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

/** Streamable HTTP in a session. */
export async function session(server: TestServer): Promise<HostileLink> {
  const { id } = await beginSession(server, keys.all);
  const headers = { "content-type": "application/json", accept, "mcp-session-id": id };
  return {
    writer: sessionWriter,
    send: async (body) => heardIn(await server.fetch("/mcp", { method: "POST", key: keys.all, body, headers })),
    logText: server.logText,
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

/** The parameter that Mcp-Name repeats. */
function subjectOf(method: unknown): string {
  if (String(method).startsWith("tasks/")) return "taskId";
  return method === "resources/read" ? "uri" : "name";
}

/** The headers that go with a message, as well as they can. */
function mirrorsOf(text: string): Record<string, string> {
  const { method, params } = repeatedIn(text);
  const meta = params?._meta as Record<string, unknown> | undefined;
  const version = meta?.["io.modelcontextprotocol/protocolVersion"];
  const subject = params?.[subjectOf(method)];
  return {
    "mcp-protocol-version": typeof version === "string" ? version : "2026-07-28",
    ...(typeof method === "string" && { "mcp-method": isHeader(method) ? method : "unprintable" }),
    ...(typeof subject === "string" && { "mcp-name": `=?base64?${Buffer.from(subject).toString("base64")}?=` }),
  };
}

const isHeader = (text: string) => /^[\x20-\x7e]*$/.test(text) && text.trim() === text;

/** HeaderMismatch (MCP 2026-07-28, Server Validation), where no header can repeat what the message is about. */
function subjectMismatchOf(text: string): number | undefined {
  const { method, params } = repeatedIn(text);
  const subject = params?.[subjectOf(method)];
  const hasSubject = /^tools\/call$|^prompts\/get$|^resources\/read$|^tasks\//.test(String(method));
  return !hasSubject || (typeof subject === "string" && subject.isWellFormed()) ? undefined : -32020;
}

/** The same, or where no header can repeat the method. */
function mismatchOf(text: string): number | undefined {
  const { method } = repeatedIn(text);
  return typeof method !== "string" || isHeader(method) ? subjectMismatchOf(text) : -32020;
}

/** Streamable HTTP of MCP 2026-07-28. */
export async function stateless(server: TestServer): Promise<HostileLink> {
  return {
    writer: statelessWriter,
    send: async (body) => {
      const headers = { "content-type": "application/json", accept, ...mirrorsOf(body) };
      return heardIn(await server.fetch("/mcp", { method: "POST", key: keys.all, body, headers }));
    },
    ownError: mismatchOf,
    logText: server.logText,
    close: async () => {},
  };
}

/** A connection on which messages come one after the other. */
type Connection = {
  send(text: string): void;
  /** Everything that came so far. */
  received(): readonly Answer[];
  answer(id: string): Promise<Answer>;
};

/** Requests after which an answer that has not come does not come any more. */
const patience = 3;

async function heardOn({ send, received, answer }: Connection, writer: Writer, text: string) {
  const before = received().length;
  const fences: string[] = [];
  const heard = () =>
    received()
      .slice(before)
      .filter(({ id }) => !fences.includes(String(id)));
  send(text);
  while (heard().length === 0 && fences.length < patience) {
    const fence = randomUUID();
    fences.push(fence);
    send(writer.request("tools/call", { name: "get_bridge_status" }, fence));
    await answer(fence);
  }
  return { messages: heard() };
}

/** A WebSocket, in a session or without one. */
export async function webSocket(server: TestServer, era: Writer["era"]): Promise<HostileLink> {
  const open = era === "handshake" ? beginConversation : talk;
  const { socket, received, answer } = await open(server.url, { key: keys.all });
  const connection = { send: (text: string) => socket.send(text), received: () => received, answer };
  const writer = era === "handshake" ? sessionWriter : statelessWriter;
  return {
    writer,
    send: (text) => heardOn(connection, writer, text),
    // A larger message ends the connection, as docs/websocket.md says.
    canSay: (text) => Buffer.byteLength(text) <= bodyLimit,
    logText: server.logText,
    close: async () => socket.terminate(),
  };
}

/** Lines of a process, once its session has begun; it may be one that passes them on over HTTP. */
export function line(running: Line, era: Writer["era"], isOverHttp = false): HostileLink {
  const connection = {
    send: (text: string) => running.write(`${text}\n`),
    received: running.said,
    answer: running.answer,
  };
  const writer = era === "handshake" ? sessionWriter : statelessWriter;
  return {
    writer,
    send: (text) => heardOn(connection, writer, text),
    // A line is a message, and an empty one is none.
    canSay: (text) => !text.includes("\n") && text.trim() !== "",
    ...(isOverHttp && era === "stateless" && { ownError: subjectMismatchOf }),
    // The last line may still be on its way.
    logText: () => running.stderr().slice(0, running.stderr().lastIndexOf("\n") + 1),
    close: async () => {},
  };
}
