import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTelegram, type TelegramServer } from "../../telegram/telegram.ts";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { beginSession, keys, startServer, type TestServer } from "../support/server.ts";
import { handshake, type Line, startLine } from "../support/stdio.ts";
import { type Answer, session, type Talk } from "../support/web-socket.ts";

/** Whatever a client may send for a message: what it is, its text, and the id and code of the error that answers it. */
type Hostile = readonly [name: string, text: string, id: string | number | null, code: number];

const request = (rest: string, id: unknown = 1) => `{"jsonrpc":"2.0","id":${JSON.stringify(id)},${rest}}`;
const foreign = {
  "io.modelcontextprotocol/protocolVersion": "1999-01-01",
  "io.modelcontextprotocol/clientCapabilities": {},
};

const hostile: readonly Hostile[] = [
  ["broken JSON", '{"jsonrpc":', null, -32700],
  ["half a surrogate in broken JSON", '{"\\ud800', null, -32700],
  ["1,000 levels", request(`"method":"ping","params":{"a":${"[".repeat(1_000)}${"]".repeat(1_000)}}`), 1, -32602],
  ["20,001 members", request(`"method":"ping","params":{"a":[${"0,".repeat(20_000)}0]}`), 1, -32602],
  ["a name twice", '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', null, -32700],
  ["a name twice, written in two ways", request('"method":"ping","params":{"a":1,"\\u0061":2}'), null, -32700],
  ["__proto__", request('"method":"ping","params":{"__proto__":{}}'), 1, -32602],
  ["a text", '"ping"', null, -32600],
  ["a number", "17", null, -32600],
  ["null", "null", null, -32600],
  ["an empty object", "{}", null, -32600],
  ["another protocol", '{"jsonrpc":"1.0","id":1,"method":"ping"}', 1, -32600],
  ["an id that is null", request('"method":"ping"', null), null, -32600],
  ["an id that is a fraction", request('"method":"ping"', 1.5), null, -32600],
  ["an id that is no safe integer", '{"jsonrpc":"2.0","id":1e300,"method":"ping"}', null, -32600],
  ["an id that is an object", request('"method":"ping"', {}), null, -32600],
  ["an id of 2,000 characters", request('"method":"ping"', "x".repeat(2_000)), null, -32600],
  ["a method that is a number", request('"method":17'), 1, -32600],
  ["params that are a list", request('"method":"ping","params":[]'), 1, -32602],
  ["an unknown method", request('"method":"nothing"'), 1, -32601],
  ["a method of Object", request('"method":"constructor"'), 1, -32601],
  ["a foreign version", request(`"method":"tools/list","params":{"_meta":${JSON.stringify(foreign)}}`), 1, -32022],
  ["a result and an error", request('"result":{},"error":{"code":1,"message":"x"}'), null, -32600],
  [
    "an unknown tool with lines in its name",
    request('"method":"tools/call","params":{"name":"a\\nlevel\\nfatal"}'),
    1,
    -32602,
  ],
];

let directory: string;
let bridge: FakeBridge;
let telegram: TelegramServer;
let server: TestServer;
let socket: Talk;
let alone: Line;
let remote: Line;
let post: (text: string) => Promise<Answer>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "hostile-"));
  bridge = await startFakeBridge();
  telegram = await startTelegram();
  server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "100000" });
  socket = await session(server.url, { key: keys.all });
  alone = startLine({
    TELEGRAM_BOT_TOKEN: "123456789:AAExampleExampleExampleExampleExample",
    TELEGRAM_ALLOWED_USERS: "1001",
    TELEGRAM_API_URL: telegram.url,
    CC_TELEGRAM_DATA_DIR: directory,
  });
  remote = startLine({ CCTELEGRAM_URL: server.url, CCTELEGRAM_API_KEY: keys.all });
  await Promise.all([handshake(alone), handshake(remote)]);
  const { id } = await beginSession(server, keys.all);
  const accept = "application/json, text/event-stream";
  const headers = { accept, "content-type": "application/json", "mcp-session-id": id };
  post = async (body) => {
    // Over HTTP a revision stands in the headers as well.
    const mirrors = { "mcp-protocol-version": "1999-01-01", "mcp-method": "tools/list" };
    const all = body.includes("1999-01-01") ? { ...headers, ...mirrors } : headers;
    const response = await server.fetch("/mcp", { key: keys.all, method: "POST", body, headers: all });
    return (await response.json()) as Answer;
  };
}, 30_000);

afterAll(async () => {
  socket.socket.terminate();
  for (const line of [alone, remote]) {
    line.child.kill("SIGKILL");
    await line.exited;
  }
  await server.close();
  await bridge.close();
  await telegram.close();
  await rm(directory, { recursive: true });
});

/** Sends a text on a transport, and resolves with the next answer to the id. */
const transports: Readonly<Record<string, (text: string, id: Hostile[2]) => Promise<Answer>>> = {
  HTTP: (text) => post(text),
  WebSocket: (text, id) => {
    socket.received.length = 0;
    socket.send(text);
    return socket.answer(id);
  },
  stdio: (text, id) => next(alone, text, id),
  "stdio to a server elsewhere": (text, id) => next(remote, text, id),
};

async function next(line: Line, text: string, id: Hostile[2]): Promise<Answer> {
  const before = line.said().length;
  line.write(`${text}\n`);
  for (;;) {
    const answer = line
      .said()
      .slice(before)
      .find((message) => message.id === id);
    if (answer !== undefined) return answer;
    await once(line.child.stdout ?? line.child, "data");
  }
}

describe.each(Object.entries(transports))("over %s", (_name, send) => {
  test.each(hostile)("%s is answered with its error, and the next message as ever", async (_what, text, id, code) => {
    expect(await send(text, id)).toMatchObject({ id, error: { code } });
    expect(await send(request('"method":"ping"', "next"), "next")).toMatchObject({ id: "next", result: {} });
  });
});

test("nothing of it stands in the log as a line of its own", () => {
  for (const line of server.logText().trimEnd().split("\n")) {
    expect(JSON.parse(line)).toMatchObject({ service: "cctelegram-mcp-server" });
  }
  for (const { stderr } of [alone, remote]) {
    for (const line of stderr().trimEnd().split("\n")) expect(() => JSON.parse(line)).not.toThrow();
  }
});
