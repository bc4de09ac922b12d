import { createHmac } from "node:crypto";
import { connect as dial } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FakeBridge, secret, startFakeBridge } from "../support/fake-bridge.ts";
import { connect, keys, startServer, type TestServer } from "../support/server.ts";
import { talk } from "../support/web-socket.ts";

let bridge: FakeBridge;
let server: TestServer;

const start = (env = {}) => startServer(bridge.url, { MCP_PROXY_PORT: "0", MCP_EXTERNAL_PORT: "0", ...env });

async function restart(env: Record<string, string>): Promise<void> {
  await server.close();
  server = await start(env);
}

beforeEach(async () => {
  bridge = await startFakeBridge();
  server = await start();
});
afterEach(async () => {
  await server.close();
  await bridge.close();
});

const client = "203.0.113.7";
const forged = { "x-forwarded-for": client, "x-forwarded-proto": "https" };
const addresses = () => new Set(server.log.flatMap(({ client_ip }) => client_ip ?? []));

describe("a client's address", () => {
  test("is what the proxy says on its own port, in logs and in limits", async () => {
    await restart({ MCP_RATE_LIMIT_REQUESTS: "3" });
    const wrong = (address: string) =>
      fetch(`${server.proxiedUrl}/tools`, { headers: { "x-api-key": "wrong", "x-forwarded-for": address } });
    for (const _ of [1, 2, 3]) expect((await wrong(client)).status).toBe(401);
    expect((await wrong(client)).status).toBe(429);
    expect((await wrong("203.0.113.8")).status).toBe(401);
    expect(addresses()).toEqual(new Set([client, "203.0.113.8"]));
  });

  test("is that of the connection for a neighbour who forges the headers on the other ports", async () => {
    for (const url of [server.url, server.externalUrl]) {
      await fetch(`${url}/tools`, { headers: { "x-api-key": "wrong", ...forged } });
    }
    expect(addresses()).toEqual(new Set(["127.0.0.1"]));
  });

  test("cannot be forged by a request that comes after one of the proxy's on another connection", async () => {
    await fetch(`${server.proxiedUrl}/health`, { headers: forged });
    await fetch(`${server.url}/health`, { headers: forged });
    expect(server.log.filter(({ route }) => route === "/health").map(({ client_ip }) => client_ip)).toEqual([
      client,
      "127.0.0.1",
    ]);
  });
});

test("a page of the public address may call through the proxy, and not on the other ports", async () => {
  const status = async (url: string) => {
    const { host } = new URL(url);
    return (await fetch(`${url}/health`, { headers: { ...forged, origin: `https://${host}` } })).status;
  };
  expect(await status(server.proxiedUrl)).toBe(200);
  expect(await status(server.url)).toBe(403);
  expect(await status(server.externalUrl)).toBe(403);
});

test("an MCP client is served on each port", async () => {
  for (const url of [server.url, server.proxiedUrl, server.externalUrl]) {
    const client = await connect(url, keys.messages);
    await client.close();
  }
});

test("health in detail is told inside alone", async () => {
  for (const path of ["/health/detailed", "/status", "/report", "/report/", "//status?a=b"]) {
    const statusOf = async (url: string) => (await fetch(url + path)).status;
    expect(await statusOf(server.url)).toBe(200);
    expect(await statusOf(server.proxiedUrl)).toBe(404);
    expect(await statusOf(server.externalUrl)).toBe(404);
  }
});

test("the limits of connections count for all ports together", async () => {
  const { port } = new URL(server.proxiedUrl);
  const first = dial({ port: Number(port), host: "127.0.0.1" });
  const ended = new Promise((resolve) => first.once("close", resolve));
  first.on("error", () => undefined);
  await new Promise((resolve) => first.once("connect", resolve));
  const others = Array.from({ length: 1024 }, () => {
    const socket = dial({ port: Number(new URL(server.url).port), host: "127.0.0.1" });
    socket.on("error", () => undefined);
    return socket;
  });
  await ended;
  for (const socket of others) socket.destroy();
});

test("all ports close with the server, and a request under way is answered", async () => {
  const { promise: letGo, resolve: answer } = Promise.withResolvers<void>();
  bridge.intercept = async () => {
    await letGo;
    return false;
  };
  const call = fetch(`${server.proxiedUrl}/tools/get_bridge_status`, {
    method: "POST",
    headers: { "x-api-key": keys.all, "content-type": "application/json" },
    body: "{}",
  });
  await expect.poll(() => bridge.requests.length).toBe(1);
  server.drain();
  const closed = server.close();
  answer();
  expect((await call).status).toBe(200);
  await closed;
  for (const url of [server.url, server.proxiedUrl, server.externalUrl]) await expect(fetch(url)).rejects.toThrow();
  server = await start();
});

describe("the proof of a server", () => {
  const challenge = "a1".repeat(32);
  const proofFor = async (challenge: string, path = "/health") =>
    (await server.fetch(path, { headers: { "x-cctelegram-challenge": challenge } })).headers.get("x-cctelegram-proof");

  test("shows that it has the secret, and is another for each challenge", async () => {
    const expected = createHmac("sha256", secret).update(`exposure\n${challenge}`).digest("hex");
    expect(await proofFor(challenge)).toBe(expected);
    expect(await proofFor("b2".repeat(32))).not.toBe(expected);
  });

  test.each([
    ["no challenge", ""],
    ["a request to sign", "1700000000\nPOST\n/events\n".slice(0, 10)],
    ["one that is too short", "a1"],
    ["one that is too long", "a1".repeat(33)],
    ["one in capitals", "A1".repeat(32)],
  ])("is not given for %s", async (_what, challenge) => {
    expect(await proofFor(challenge)).toBeNull();
  });

  test("is given on /health alone", async () => {
    expect(await proofFor(challenge, "/health/live")).toBeNull();
    expect(await proofFor(challenge, "/unknown")).toBeNull();
  });
});

describe("the second port", () => {
  beforeEach(() => restart({ MCP_SECOND_PORT: "0" }));

  test("has MCP at its root and at /mcp, over HTTP and WebSocket, also for proxies that leave a slash", async () => {
    for (const path of ["/", "/mcp", "/mcp/"]) {
      const mcp = await connect(server.secondUrl, keys.all, path);
      expect((await mcp.listTools()).tools.length).toBeGreaterThan(0);
      await mcp.close();
      const { ask, socket } = await talk(server.secondUrl, { key: keys.all, path });
      expect(await ask("ping")).toMatchObject({ result: {} });
      socket.terminate();
    }
    expect((await fetch(`${server.secondUrl}/?probe=1`)).status).toBe(401);
  });

  test("answers probes, hides details, and believes no forwarded address", async () => {
    expect((await fetch(`${server.secondUrl}/health`, { headers: forged })).status).toBe(200);
    expect((await fetch(`${server.secondUrl}/health/detailed`)).status).toBe(404);
    expect(addresses()).toEqual(new Set(["127.0.0.1"]));
  });

  test("alone has something at its root", async () => {
    for (const url of [server.url, server.proxiedUrl, server.externalUrl]) {
      expect((await fetch(`${url}/`)).status).toBe(404);
    }
  });
});
