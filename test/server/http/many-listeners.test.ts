import { request } from "node:http";
import { connect as dial, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { beginSession, keys, startServer, type TestServer } from "../support/server.ts";
import { session, stateless } from "../support/web-socket.ts";

let bridge: FakeBridge;
let server: TestServer;
const closings: (() => void)[] = [];

beforeEach(async () => {
  bridge = await startFakeBridge();
  server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "1000000" });
});

afterEach(async () => {
  for (const close of closings.splice(0)) close();
  await server.close();
  await bridge.close();
});

const uri = "cctelegram://bridge-status";
/** Two keys that have as many together as would not fit into the 1,024 connections. */
const owners = [keys.all, keys.messages];
const each = 600;
const all = owners.length * each;

/** One listener: what it heard, and whether it was cut. */
type Heard = { text: string; isOpen: boolean };

const kinds: Record<string, { readonly transport: string; readonly open: (key: string) => Promise<Heard> }> = {
  "streams of sessions": {
    transport: "http",
    async open(key) {
      const { id, post } = await beginSession(server, key);
      await post({ jsonrpc: "2.0", id: 1, method: "resources/subscribe", params: { uri } });
      return stream("GET", { "x-api-key": key, accept: "text/event-stream", "mcp-session-id": id });
    },
  },
  "requests of 2026-07-28 that listen": {
    transport: "",
    open(key) {
      const params = stateless({ notifications: { resourceSubscriptions: [uri] } });
      const headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen" };
      return stream(
        "POST",
        {
          "x-api-key": key,
          accept: "application/json, text/event-stream",
          "content-type": "application/json",
          ...headers,
        },
        JSON.stringify({ jsonrpc: "2.0", id: 1, method: "subscriptions/listen", params }),
      );
    },
  },
  WebSockets: {
    transport: "websocket",
    async open(key) {
      const { socket, ask } = await session(server.url, { key });
      const heard: Heard = { text: "", isOpen: true };
      await ask("resources/subscribe", { uri });
      socket.on("message", (data: Buffer) => {
        heard.text += data;
      });
      socket.on("close", () => {
        heard.isOpen = false;
      });
      closings.push(() => socket.terminate());
      return heard;
    },
  },
};

/** Resolves when the answer has begun. */
function stream(method: string, headers: Record<string, string>, body?: string): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const asked = request(`${server.url}/mcp`, { method, headers, agent: false }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`${response.statusCode}`));
      const heard: Heard = { text: "", isOpen: true };
      response.setEncoding("utf8").on("data", (text) => {
        heard.text += text;
      });
      response.on("close", () => {
        heard.isOpen = false;
      });
      response.on("error", () => {});
      resolve(heard);
    });
    asked.on("error", reject).end(body);
    closings.push(() => asked.destroy());
  });
}

/** Connections of strangers that say nothing. */
async function flood(count: number): Promise<Socket[]> {
  const port = Number(new URL(server.url).port);
  const sockets = Array.from({ length: count }, () => dial({ port, host: "127.0.0.1" }).on("error", () => {}));
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
  closings.push(() => {
    for (const socket of sockets) socket.destroy();
  });
  return sockets;
}

async function openAll(open: (key: string) => Promise<Heard>): Promise<Heard[]> {
  const heard: Heard[] = [];
  // A few at a time: strangers are those, too, whose request is on its way.
  while (heard.length < all) {
    heard.push(...(await Promise.all(Array.from({ length: 50 }, (_, index) => open(owners[index % 2] ?? "")))));
  }
  return heard;
}

describe.each(Object.entries(kinds))("more %s than the 1,024 connections", (_what, { transport, open }) => {
  test("stay open and hear everything, and others are served beside them, also in a flood of strangers", async () => {
    const heard = await openAll(open);
    const openNow = async () => Number(await server.metric(`mcp_open_streams{transport="${transport}"}`));
    if (transport !== "") expect(await openNow()).toBe(all);
    await flood(1_100);
    const answer = await server.fetch("/tools/get_bridge_status", { key: keys.all, json: {} });
    expect(answer.status).toBe(200);
    expect((await server.fetch("/health")).status).toBe(200);
    await bridge.relay.publish({ topic: "status", text: "{}" });
    await vi.waitFor(() => {
      const deaf = heard.filter(({ text }) => !text.includes("notifications/resources/updated"));
      expect(deaf).toHaveLength(0);
    });
    expect(heard.filter(({ isOpen }) => !isOpen)).toHaveLength(0);
    for (const close of closings.splice(0)) close();
    if (transport !== "") await vi.waitFor(async () => expect(await openNow()).toBe(0));
  }, 90_000);
});
