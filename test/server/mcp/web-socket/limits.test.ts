import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { closeCodes } from "../../../../server/mcp/transports/web-socket/close-codes.ts";
import { type FakeBridge, startFakeBridge } from "../../support/fake-bridge.ts";
import { head, rawConnection } from "../../support/raw-http.ts";
import { keys, startServer, type TestServer } from "../../support/server.ts";
import { session, stateless, talk } from "../../support/web-socket.ts";

let bridge: FakeBridge;
let server: TestServer;

const start = async (env: Record<string, string> = {}) => {
  server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "100000", ...env });
};

const restart = async (env?: Record<string, string>) => {
  await server.close();
  await start(env);
};

beforeEach(async () => {
  bridge = await startFakeBridge();
  await start();
});

afterEach(async () => {
  vi.useRealTimers();
  await server.close();
  await bridge.close();
});

const key = keys.all;
const refusal = (options: object, url = server.url) =>
  talk(url, options).then(
    () => undefined,
    (error) => error,
  );
const authenticate = (apiKey: unknown) => ({ jsonrpc: "2.0", id: "auth", method: "authenticate", params: { apiKey } });
const securityLines = () => server.log.filter(({ msg }) => String(msg).startsWith("SECURITY"));

describe("who may open a WebSocket", () => {
  test("a client whose key is in the header, as X-API-Key or Authorization", async () => {
    for (const headers of [{ "x-api-key": key }, { authorization: `Bearer ${key}` }]) {
      const { ask, socket } = await talk(server.url, { headers });
      expect(await ask("ping")).toMatchObject({ result: {} });
      socket.terminate();
    }
  });

  test("a client whose key is wrong is refused before the connection is one, and counted", async () => {
    await restart({ MCP_RATE_LIMIT_REQUESTS: "2" });
    expect(await refusal({ key: "wrong" })).toMatchObject({ status: 401 });
    expect(await refusal({ key: "wrong" })).toMatchObject({ status: 401 });
    expect(await refusal({ key: "wrong" })).toMatchObject({ status: 429 });
    expect(securityLines().map(({ event }) => event)).toEqual([
      "authentication_failure",
      "authentication_failure",
      "authentication_failure",
      "rate_limit_exceeded",
    ]);
  });

  test("a client that shows its key in the first message, which is answered, and may go on at once", async () => {
    const { send, answer, ask, socket } = await talk(server.url);
    send(authenticate(keys.messages));
    send({ jsonrpc: "2.0", id: 2, method: "ping" });
    expect(await answer("auth")).toMatchObject({ result: { client: "claude" } });
    expect(await answer(2)).toMatchObject({ result: {} });
    const { result } = await ask("tools/list", stateless());
    expect(result?.tools).toHaveLength(2);
    socket.terminate();
  });

  test.each([
    ["a wrong key", authenticate("a-wrong-key-of-some-length")],
    ["no key", authenticate(undefined)],
    ["a key that is no text", authenticate(17)],
    ["another message", { jsonrpc: "2.0", id: "auth", method: "tools/list" }],
  ])("nobody with %s in the first message: it is answered, and the connection ends", async (_name, message) => {
    const { send, answer, closed } = await talk(server.url);
    send(message);
    expect(await answer("auth")).toMatchObject({ error: { code: 401 } });
    expect(await closed).toEqual({ code: 4401, reason: closeCodes.unauthenticated.reason });
    expect(securityLines()).toMatchObject([{ event: "authentication_failure", client_ip: "127.0.0.1" }]);
  });

  test("wrong keys in first messages count with those in headers", async () => {
    await restart({ MCP_RATE_LIMIT_REQUESTS: "1" });
    expect(await refusal({ key: "wrong" })).toMatchObject({ status: 401 });
    const { send, answer, closed } = await talk(server.url);
    send(authenticate("wrong"));
    expect(await answer("auth")).toMatchObject({ error: { code: 429 } });
    expect(await closed).toMatchObject({ code: 4429 });
  });

  test("a stranger has ten seconds", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { closed, send, answer } = await talk(server.url);
    const known = await talk(server.url);
    known.send(authenticate(key));
    await known.answer("auth");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await closed).toEqual({ code: 4408, reason: closeCodes.authenticationTimeout.reason });
    expect(await known.ask("ping")).toMatchObject({ result: {} });
    expect(() => send("late")).not.toThrow();
    await expect(answer("auth")).rejects.toThrow("closed before");
    known.socket.terminate();
  });

  test("a stranger's first message is short", async () => {
    const { send, closed } = await talk(server.url);
    send(authenticate("k".repeat(9_000)));
    expect(await closed).toMatchObject({ code: 1009 });
  });

  test.each(["api_key", "apiKey", "key", "token", "access_token", "X-API-Key"])(
    "nobody with a key in the URL as %s, and it is said why",
    async (name) => {
      const error = await refusal({ path: `/mcp?${name}=${key}` });
      expect(error).toMatchObject({ status: 400, body: expect.stringContaining("must not be in the URL") });
      expect(server.logText()).not.toContain(key);
    },
  );

  test("nobody without the sub-protocol", async () => {
    for (const protocols of [[], ["graphql-ws"]]) {
      expect(await refusal({ key, protocols })).toMatchObject({ status: 400, body: expect.stringContaining("`mcp`") });
    }
    const { socket } = await talk(server.url, { key, protocols: ["other", "mcp"] });
    expect(socket.protocol).toBe("mcp");
    socket.terminate();
  });

  test("no foreign web page, whatever it knows: that is a security event", async () => {
    const headers = { origin: "https://evil.example" };
    expect(await refusal({ key, headers })).toMatchObject({ status: 403 });
    expect(securityLines()).toMatchObject([{ event: "authorization_failure" }]);
    const rebound = await refusal({ key, headers: { host: "evil.example", origin: "http://evil.example" } });
    expect(rebound).toMatchObject({ status: 403 });
  });

  test("a page of an allowed origin, which shows its key in the first message", async () => {
    await restart({ MCP_ALLOWED_ORIGINS: "https://tools.example.com" });
    const { send, answer, socket } = await talk(server.url, { headers: { origin: "https://tools.example.com" } });
    send(authenticate(key));
    expect(await answer("auth")).toMatchObject({ result: { client: "admin" } });
    socket.terminate();
  });

  test("anybody without keys, where keys are off; a client that shows one all the same is answered", async () => {
    await restart({ MCP_ENABLE_AUTH: "false" });
    const { ask, socket } = await talk(server.url);
    expect(await ask("authenticate", { apiKey: key })).toMatchObject({ result: { client: "anonymous" } });
    expect(await ask("tools/list", stateless())).toMatchObject({ result: { tools: expect.any(Array) } });
    socket.terminate();
  });

  test("a client that shows its key once more is answered, and one that shows another's is not", async () => {
    const { ask, socket } = await talk(server.url, { key });
    expect(await ask("authenticate", { apiKey: key })).toMatchObject({ result: { client: "admin" } });
    expect(await ask("authenticate", { apiKey: keys.messages })).toMatchObject({ error: { code: -32600 } });
    expect(await ask("authenticate", { apiKey: "wrong" })).toMatchObject({ error: { code: 401 } });
    socket.terminate();
  });

  test("a key that is taken back ends its connections, idle ones too, and fewer permissions count", async () => {
    const directory = await mkdtemp(join(tmpdir(), "keys-"));
    const file = join(directory, "keys.json");
    const write = (content: object) => writeFile(file, JSON.stringify(content));
    const entry = { name: "claude", permissions: ["*"] };
    await write({ [key]: entry });
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    await restart({ MCP_API_KEYS_FILE: file });
    const talking = await talk(server.url, { key });
    const idle = await talk(server.url, { key });
    await write({ [key]: { ...entry, permissions: [] } });
    await vi.waitFor(async () => expect((await talking.ask("tools/list", stateless())).result?.tools).toEqual([]));
    await write({ "another-key-of-some-length": entry });
    await vi.waitFor(() =>
      talking.ask("ping").then(
        () => Promise.reject(new Error("open")),
        () => {},
      ),
    );
    expect(await talking.closed).toMatchObject({ code: 4401 });
    vi.advanceTimersByTime(30_000);
    expect(await idle.closed).toMatchObject({ code: 4401 });
    await rm(directory, { recursive: true });
  });
});

describe("limits of a connection", () => {
  test("each message is charged, and over the limit it is answered in the protocol", async () => {
    await restart({ MCP_RATE_LIMIT_REQUESTS: "4" });
    const { ask, send, received, socket } = await session(server.url, { key });
    expect(await ask("ping")).toMatchObject({ result: {} });
    expect(await ask("ping")).toMatchObject({ error: { code: 429, data: { retry_after: expect.any(Number) } } });
    const call = await ask("tools/call", { name: "get_bridge_status" });
    expect(call).toMatchObject({ result: { isError: true } });
    const before = received.length;
    send({ jsonrpc: "2.0", method: "notifications/initialized" });
    await ask("ping");
    expect(received).toHaveLength(before + 1);
    expect(await refusal({ key })).toMatchObject({ status: 429 });
    socket.terminate();
  });

  test("a message of the limit is taken, and a larger one is not", async () => {
    const { ask, send, closed } = await talk(server.url, { key });
    const padded = (length: number) => {
      const message = { jsonrpc: "2.0", id: 1, method: "ping", params: { pad: "" } };
      return JSON.stringify({ ...message, params: { pad: "x".repeat(length - JSON.stringify(message).length) } });
    };
    expect(await ask("ping")).toMatchObject({ result: {} });
    send(padded(256 * 1024));
    expect(await ask("ping")).toMatchObject({ result: {} });
    send(padded(256 * 1024 + 1));
    expect(await closed).toMatchObject({ code: 1009 });
  });

  test("a message in pieces is one, and a larger one is found out before its end", async () => {
    const { answer, socket, closed } = await talk(server.url, { key });
    const text = JSON.stringify({ jsonrpc: "2.0", id: 5, method: "ping" });
    for (const [index, unit] of [...text].entries()) socket.send(unit, { fin: index === text.length - 1 });
    expect(await answer(5)).toMatchObject({ result: {} });
    for (let sent = 0; sent <= 256; sent++) socket.send("x".repeat(1024), { fin: false });
    expect(await closed).toMatchObject({ code: 1009 });
  });

  test("a message in too many pieces ends the connection", async () => {
    const { socket, closed } = await talk(server.url, { key });
    for (let sent = 0; sent < 2_000; sent++) socket.send("x", { fin: false });
    expect(await closed).toMatchObject({ code: 1008 });
  });

  test("unfinished messages have a budget for each client, which leaves others their room", async () => {
    const holders = await Promise.all(Array.from({ length: 65 }, () => talk(server.url, { key })));
    for (const { socket } of holders) socket.send("x".repeat(20_000), { fin: false });
    expect(await Promise.race(holders.map(({ closed }) => closed))).toMatchObject({ code: 1013 });
    const other = await talk(server.url, { key: keys.messages });
    other.send({ jsonrpc: "2.0", id: 1, method: "ping", params: { pad: "x".repeat(100_000) } });
    expect(await other.answer(1)).toMatchObject({ result: {} });
    for (const { socket } of [...holders, other]) socket.terminate();
  });

  test("a binary frame ends the connection", async () => {
    const { socket, closed } = await talk(server.url, { key });
    socket.send(Buffer.from('{"jsonrpc":"2.0","id":1,"method":"ping"}'), { binary: true });
    expect(await closed).toEqual({ code: 1003, reason: closeCodes.binaryFrame.reason });
  });

  test("text that is no UTF-8, and frames that are none, end it as RFC 6455 says", async () => {
    const text = await talk(server.url, { key });
    text.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    expect(await text.closed).toMatchObject({ code: 1007 });
    const unmasked = await talk(server.url, { key });
    unmasked.socket.send("{}", { mask: false });
    expect(await unmasked.closed).toMatchObject({ code: 1002 });
  });

  test("a flood of pings ends the connection, and a client that pings now and then is answered", async () => {
    const { socket, closed } = await talk(server.url, { key });
    socket.ping("there?");
    const [data] = await once(socket, "pong");
    expect(String(data)).toBe("there?");
    const pinging = setInterval(() => socket.ping(), 0);
    expect(await closed).toMatchObject({ code: 1008 });
    clearInterval(pinging);
  });

  test("one client may have a thousand connections", async () => {
    const connections = await Promise.all(Array.from({ length: 1_000 }, () => talk(server.url, { key })));
    expect(await refusal({ key })).toMatchObject({ status: 429 });
    const stranger = await talk(server.url);
    stranger.send(authenticate(key));
    expect(await stranger.answer("auth")).toMatchObject({ error: { code: 429 } });
    expect(await stranger.closed).toMatchObject({ code: 1013 });
    const other = await talk(server.url, { key: keys.messages });
    expect(await other.ask("ping")).toMatchObject({ result: {} });
    connections[0]?.socket.terminate();
    await vi.waitFor(async () => (await talk(server.url, { key })).socket.terminate());
    for (const { socket } of [...connections, other]) socket.terminate();
  });

  test("strangers' connections make room for clients", async () => {
    const client = await talk(server.url, { key });
    const strangers = [];
    for (let opened = 0; opened < 1_030; opened++) strangers.push(await talk(server.url));
    expect(await Promise.race([strangers[0]!.closed])).toMatchObject({ code: 1006 });
    expect(await client.ask("ping")).toMatchObject({ result: {} });
    const late = await talk(server.url, { key });
    expect(await late.ask("ping")).toMatchObject({ result: {} });
    for (const { socket } of [client, late, ...strangers]) socket.terminate();
  });
});

describe("peers that are not there", () => {
  test("a quiet connection is pinged every 30 s, and one that answers stays", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    await restart();
    const { socket, ask } = await talk(server.url, { key });
    for (let round = 0; round < 10; round++) {
      const ping = once(socket, "ping");
      vi.advanceTimersByTime(30_000);
      await ping;
      // The pong is on its way before this is answered.
      await ask("ping");
    }
    socket.terminate();
  });

  test("one that answers two pings no more is cut", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    await restart();
    const { socket, closed } = await talk(server.url, { key, autoPong: false } as object);
    for (let round = 0; round < 2; round++) {
      const ping = once(socket, "ping");
      vi.advanceTimersByTime(30_000);
      await ping;
    }
    vi.advanceTimersByTime(30_000);
    expect(await closed).toMatchObject({ code: 1006 });
  });

  test("one that shuts its side is gone, with what it asked for", async () => {
    const raw = await rawConnection(server.url);
    const handshake = { "x-api-key": key, "sec-websocket-protocol": "mcp", "sec-websocket-version": "13" };
    const upgrade = { upgrade: "websocket", connection: "Upgrade", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==" };
    raw.socket.write(head("GET", "/mcp", { ...handshake, ...upgrade }));
    await raw.received("101 Switching Protocols");
    raw.socket.end();
    await raw.closed;
    await vi.waitFor(async () => expect(await server.metric('mcp_open_streams{transport="websocket"}')).toBe("0"));
  });

  test("one that never reads is cut when more than 1 MiB waits for it", async () => {
    const { hostname, port } = new URL(server.url);
    const socket = connect({ host: hostname, port: Number(port) });
    const handshake = { "x-api-key": key, "sec-websocket-protocol": "mcp", "sec-websocket-version": "13" };
    const upgrade = { upgrade: "websocket", connection: "Upgrade", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==" };
    socket.write(head("GET", "/mcp", { ...handshake, ...upgrade }));
    await once(socket, "data");
    socket.pause();
    socket.on("error", () => {});
    const closed = new Promise((resolve) => socket.once("close", resolve));
    const message = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: stateless() });
    const frame = maskedFrame(message);
    const writing = setInterval(() => {
      for (let sent = 0; sent < 50; sent++) socket.write(frame);
    }, 1);
    await vi.waitFor(() => expect(server.logText()).toContain("its peer does not read"));
    clearInterval(writing);
    socket.destroy();
    await closed;
  });
});

/** A text frame as clients send it, with a mask of zeros. */
function maskedFrame(text: string): Buffer {
  const data = Buffer.from(text);
  const head = Buffer.from([0x81, 0x80 | 126, data.length >> 8, data.length & 255, 0, 0, 0, 0]);
  return Buffer.concat([head, data]);
}
