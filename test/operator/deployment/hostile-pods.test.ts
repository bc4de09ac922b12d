import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { httpProbe } from "../../../operator/deployment/probing/http-probe.ts";
import type { Target } from "../../../operator/deployment/probing/parts-probe.ts";
import { plainFetch } from "../../../operator/runtime/plain-http.ts";

/** What a probe may take: so long the fastest of the tests waits for a pod that goes on for ever. */
const timeoutMs = 400;
const longestWords = 256;
const MIB = 2 ** 20;

const probe = httpProbe({ fetch: plainFetch, now: Date.now, timeoutMs });
/** For answers that have to come. */
const patientProbe = httpProbe({ fetch: plainFetch, now: Date.now, timeoutMs: 20_000 });

const servers: (Server | TcpServer)[] = [];
const timers = new Set<NodeJS.Timeout>();

afterEach(async () => {
  for (const timer of timers) clearInterval(timer);
  timers.clear();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => close(server, resolve))));
});

function close(server: Server | TcpServer, done: (value: unknown) => void): void {
  if ("closeAllConnections" in server) server.closeAllConnections();
  server.close(done);
}

async function listen(server: Server | TcpServer): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const pod = (answer: RequestListener) => listen(createServer(answer));

/** A pod that answers in something like HTTP. */
const rawPod = (answer: string) =>
  listen(
    createTcpServer(
      (socket) =>
        void socket
          .on("error", () => undefined)
          .resume()
          .end(answer),
    ),
  );

const targetOf = (url: string): Target => ({
  namespace: "tools",
  name: "team",
  uid: "one",
  mcpUrl: `${url}/mcp`,
  bridgeUrl: url,
  verifierKey: "the-key-of-the-operator",
  hmac: "b".repeat(64),
  hasServer: true,
  hasBridge: true,
});

/** Writes every few milliseconds, as long as somebody listens. */
function drip(response: ServerResponse, text: string): void {
  const timer = setInterval(() => response.write(text), 20);
  timers.add(timer);
  response.once("close", () => clearInterval(timer));
}

/** Writes as fast as somebody reads. */
function pour(response: ServerResponse): void {
  const chunk = "x".repeat(64 * 1024);
  const more = () => {
    while (!response.destroyed && response.write(chunk)) {}
  };
  response.on("drain", more);
  more();
}

const json = { "content-type": "application/json" };
const terminal = "\u001b[2J\u001b]0;owned\u0007\r\nTrue  Ready \u202e\u0000\ud800";

const handshake = (words: string) =>
  JSON.stringify({ result: { protocolVersion: words, serverInfo: { name: words, version: words } } });
const status = (words: string) =>
  JSON.stringify({
    telegram: { reachable: false, error: words },
    queue: { usable: false, pending: 1, limit: 2, error: words },
  });

const hostile: Readonly<Record<string, RequestListener>> = {
  "says nothing": () => undefined,
  "drips its headers": ({ socket }) => {
    const timer = setInterval(() => socket.write("X"), 20);
    timers.add(timer);
    socket.once("close", () => clearInterval(timer));
  },
  "drips its answer": (_request, response) => drip(response.writeHead(200, json), " "),
  "never ends its answer": (_request, response) => pour(response.writeHead(200, json)),
  "answers a hundred megabytes at once": (_request, response) =>
    void response.writeHead(200, { ...json, "content-length": 100 * MIB }).end("x".repeat(MIB)),
  "answers an error that never ends": (_request, response) => pour(response.writeHead(500, json)),
  "answers JSON of another kind": (_request, response) => void response.writeHead(200, json).end("[[[]]]"),
  "answers a page": (_request, response) => void response.end(`<html>${terminal}`),
  "answers words for a terminal": ({ url }, response) =>
    void response.writeHead(200, json).end(url === "/mcp" ? handshake(terminal) : status(terminal)),
  "answers words by the kilobyte": ({ url }, response) => {
    const long = "y".repeat(5_000);
    response.writeHead(200, json).end(url === "/mcp" ? handshake(long) : status(long));
  },
};

/** Everything that a text of a probe may be: it stands in a status, an event and a terminal. */
function expectWords(value: unknown): void {
  if (typeof value === "string") {
    expect(value.length).toBeLessThanOrEqual(longestWords);
    expect(value).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]|[\ud800-\udfff](?![\udc00-\udfff])/u);
  } else if (typeof value === "object" && value !== null) Object.values(value).forEach(expectWords);
}

describe("a pod behind the Service of a resource", () => {
  test.each(Object.entries(hostile))("that %s ends in bounded time with bounded words", async (_what, answer) => {
    const url = await pod(answer);
    // Without an end of its own the test's time is over.
    const result = await probe(targetOf(url));
    expectWords({ ...result, server: { ...result.server, message: "" }, bridge: { ...result.bridge, message: "" } });
    const { server, bridge } = result;
    // What is said of it is ours, with the URL that was asked.
    const told = JSON.stringify([server, bridge]);
    expect(told.length).toBeLessThan(2_500);
    expect(told).not.toContain("owned\\u0007");
  });

  test.each([
    ["says nothing", "no answer from"],
    ["never ends its answer", "no answer from"],
    ["answers JSON of another kind", "not an initialize result"],
    ["answers a page", "not an initialize result"],
  ])("that %s is not verified", async (what, message) => {
    const url = await pod(hostile[what] ?? (() => undefined));
    const { server, bridge } = await probe(targetOf(url));
    expect(server).toMatchObject({ verified: false, message: expect.stringContaining(message) });
    expect(bridge).toEqual({ answered: false, message: `no answer from ${url}/status` });
  });

  describe("that", () => {
    let asked: string[];
    let elsewhere: string;
    beforeEach(async () => {
      asked = [];
      elsewhere = await pod(({ url = "" }, response) => {
        asked.push(url);
        response.writeHead(200, json).end(url === "/mcp" ? handshake("1") : status("1"));
      });
    });

    test.each([301, 302, 303, 307, 308])(
      "sends elsewhere (%s) is no answer, and nothing is asked where it leads",
      async (redirect) => {
        const url = await pod(({ url: path = "" }, response) => {
          response.writeHead(redirect, { location: `${elsewhere}${path}`, refresh: `0; url=${elsewhere}` }).end();
        });
        const { server, bridge } = await probe(targetOf(url));
        expect(server).toMatchObject({ verified: false, reason: "HandshakeRefused" });
        expect(bridge).toMatchObject({ answered: false, message: expect.stringContaining(`HTTP ${redirect}`) });
        expect(asked).toEqual([]);
      },
    );

    test("would be believed there, were it asked", async () => {
      expect((await patientProbe(targetOf(elsewhere))).server).toMatchObject({ verified: true });
      expect(asked.toSorted()).toEqual(["/mcp", "/status"]);
    });
  });

  test.each([
    ["headers without end", `HTTP/1.1 200 OK\r\n${"X-Filler: yyyyyyyyyyyyyyyy\r\n".repeat(20_000)}`],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 200\r\n\r\n{}"],
    ["a status that is none", "HTTP/1.1 999999 \u001b[2J\r\n\r\n"],
    ["no HTTP at all", `SSH-2.0-OpenSSH_9\r\n${"z".repeat(100_000)}`],
  ])("that answers %s is no answer", async (_what, answer) => {
    const url = await rawPod(answer);
    const { server, bridge } = await probe(targetOf(url));
    expect(server).toMatchObject({ verified: false });
    expect(bridge).toMatchObject({ answered: false });
  });

  test("a hundred at once cost next to no memory", async () => {
    const url = await pod(hostile["never ends its answer"] ?? (() => undefined));
    const before = process.memoryUsage();
    const results = await Promise.all(Array.from({ length: 100 }, () => probe(targetOf(url))));
    expect(results.every(({ server }) => server?.verified === false)).toBe(true);
    // The pods are in this process, too: what they pour out that nobody reads counts here.
    const { external, arrayBuffers } = process.memoryUsage();
    expect(external + arrayBuffers - before.external - before.arrayBuffers).toBeLessThan(100 * MIB);
  });
});
