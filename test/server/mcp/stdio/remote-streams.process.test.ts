import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { handshake, type Line, startLine } from "../../support/stdio.ts";
import { stateless } from "../../support/web-socket.ts";

type Seen = {
  readonly method: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: { id?: unknown; method?: string };
};

/** What a server of other software may do: each test says it. */
let answer: (seen: Seen, response: ServerResponse) => void;
let seen: Seen[];
let url: string;
let stop: () => void;
let line: Line;

beforeEach(async () => {
  seen = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    const one = { method: request.method ?? "", headers: request.headers, body: text === "" ? {} : JSON.parse(text) };
    seen.push(one);
    if (one.body.method === "initialize")
      return json(response, one.body.id, { protocolVersion: "2025-11-25" }, { "mcp-session-id": "s1" });
    if (one.body.method?.startsWith("notifications/")) return void response.writeHead(202).end();
    answer(one, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  stop = () => {
    server.closeAllConnections();
    server.close();
  };
  answer = (_one, response) => void response.writeHead(405).end();
  line = startLine({ CCTELEGRAM_URL: url, CCTELEGRAM_API_KEY: "a-key-of-some-length" });
});

afterEach(async () => {
  line.child.kill("SIGKILL");
  await line.exited;
  stop();
});

function json(response: ServerResponse, id: unknown, result: object, headers = {}): void {
  response.writeHead(200, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify({ jsonrpc: "2.0", id, result }));
}

const stream = (response: ServerResponse) => response.writeHead(200, { "content-type": "text/event-stream" });
const event = (message: object, id = "") =>
  `${id && `id: ${id}\n`}data: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`;

describe("streams of a server elsewhere", () => {
  test("what comes before an answer is passed on, whatever its lines and pieces look like", async () => {
    answer = ({ body }, response) => {
      stream(response).write(
        ': hello\n\nevent: message\r\ndata: {"jsonrpc":"2.0",\r\ndata: "method":"notifications/message"}\r\n\r\n',
      );
      const text = event({ id: body.id, result: { text: "größer" } });
      const bytes = Buffer.from(text);
      const cut = bytes.indexOf(0xc3) + 1;
      response.write(bytes.subarray(0, cut));
      setTimeout(() => response.end(bytes.subarray(cut)), 50);
    };
    expect(await line.ask("tools/list", stateless())).toMatchObject({ result: { text: "größer" } });
    expect(line.said()[0]).toEqual({ jsonrpc: "2.0", method: "notifications/message" });
  });

  test("a stream that ends before the answer is resumed where it was, after the time that the server wants", async () => {
    answer = ({ method, body, headers }, response) => {
      if (method === "POST")
        return void stream(response).end(`retry: 20\n${event({ method: "notifications/one" }, "e1")}`);
      if (headers["last-event-id"] !== "e1") return void response.writeHead(405).end();
      const { id } = seen.find((one) => one.body.method === "tools/call")?.body ?? body;
      stream(response).end(event({ id, result: { done: true } }, "e2"));
    };
    await handshake(line);
    expect(await line.ask("tools/call", { name: "slow" })).toMatchObject({ result: { done: true } });
    const resumed = seen.find(({ headers }) => headers["last-event-id"] === "e1");
    expect(resumed?.headers).toMatchObject({ "mcp-session-id": "s1", "x-api-key": "a-key-of-some-length" });
  });

  test("one that cannot be resumed is an error of the request, which is not repeated", async () => {
    answer = (_one, response) => void stream(response).end(event({ method: "notifications/one" }));
    const { error } = await line.ask("tools/call", stateless({ name: "slow" }));
    expect(error?.message).toContain("may or may not have been done");
    expect(seen).toHaveLength(1);
  });

  test("what the server says of itself is passed on, from the session's stream, which is opened again", async () => {
    let opened = 0;
    answer = ({ method }, response) => {
      if (method !== "GET") return void response.writeHead(204).end();
      opened += 1;
      stream(response).end(`retry: 10\n${event({ method: `notifications/heard-${opened}` }, `e${opened}`)}`);
    };
    await handshake(line);
    await line.until(({ method }) => method === "notifications/heard-3");
    const gets = seen.filter(({ method }) => method === "GET");
    expect(gets.slice(0, 3).map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "e1", "e2"]);
  });

  test("a new session is told again what the old one was", async () => {
    let isForgotten = false;
    answer = ({ method, body, headers }, response) => {
      if (method !== "POST") return void response.writeHead(405).end();
      if (
        isForgotten &&
        headers["mcp-session-id"] === "s1" &&
        !seen.slice(0, -1).some((one) => one.body.method === "ping")
      ) {
        return void response.writeHead(404).end();
      }
      json(response, body.id, {});
    };
    await handshake(line);
    for (const uri of ["a://a", "a://b"]) await line.ask("resources/subscribe", { uri });
    await line.ask("resources/unsubscribe", { uri: "a://a" });
    await line.ask("logging/setLevel", { level: "error" });
    isForgotten = true;
    seen.length = 0;
    expect(await line.ask("ping")).toMatchObject({ result: {} });
    expect(seen.filter(({ method }) => method === "POST").map(({ body }) => body.method)).toEqual([
      "ping",
      "initialize",
      "notifications/initialized",
      "resources/subscribe",
      "logging/setLevel",
      "ping",
    ]);
  });

  test("503 is asked again, and then told", async () => {
    let times = 0;
    answer = ({ body }, response) => {
      times += 1;
      if (times < 3) response.writeHead(503).end();
      else json(response, body.id, {});
    };
    expect(await line.ask("tools/list", stateless())).toMatchObject({ result: {} });
    expect(times).toBe(3);
  });

  test("an error that HTTP had to tell has the id of its request", async () => {
    answer = (_one, response) => {
      response.writeHead(429, { "content-type": "application/json" });
      response.end(JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: 429, message: "Too many." } }));
    };
    expect(await line.ask("tools/list", stateless())).toMatchObject({ error: { code: 429, message: "Too many." } });
  });

  test("a line that is no message is answered here, and nothing of it is sent", async () => {
    line.write('{"jsonrpc":"2.0","id":1,"method":17}\n');
    expect(await line.answer(1)).toMatchObject({ error: { code: -32600 } });
    await vi.waitFor(() => expect(seen).toEqual([]));
  });
});
