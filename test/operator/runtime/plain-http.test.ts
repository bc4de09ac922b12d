import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { plainFetch } from "../../../operator/runtime/plain-http.ts";

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function listen(handler: RequestListener): Promise<string> {
  server = createServer(handler);
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const timeoutMs = 10_000;

test("a request arrives with method, headers and body, and the answer is read to its end", async () => {
  const url = await listen(async (request, response) => {
    const body = (await request.setEncoding("utf8").toArray()).join("");
    response.writeHead(202).write(`${request.method} ${request.url} ${request.headers["x-api-key"]} `);
    response.end(body);
  });
  const init = { method: "POST", headers: { "x-api-key": "key" }, body: "grüß", timeoutMs };
  const answer = await plainFetch(`${url}/mcp`, init);
  expect(answer).toMatchObject({ ok: true, status: 202 });
  expect(await answer.text()).toBe("POST /mcp key grüß");
});

test("an error answer is an answer, not an error", async () => {
  const url = await listen((_request, response) => response.writeHead(503).end("busy"));
  const answer = await plainFetch(url, { method: "GET", headers: {}, timeoutMs });
  expect(answer).toMatchObject({ ok: false, status: 503 });
});

test("no connection is kept", async () => {
  const url = await listen((_request, response) => response.end("x"));
  if (server) server.keepAliveTimeout = 0;
  const closed = new Promise((resolve) => server?.once("connection", (socket) => socket.once("close", resolve)));
  await plainFetch(url, { method: "GET", headers: {}, timeoutMs });
  await closed;
});

test.each([
  ["a connection that breaks", (_request, response) => response.destroy()],
  ["an answer that is cut off", (_request, response) => response.writeHead(200).write("ha", () => response.destroy())],
  [
    "another protocol instead of an answer",
    ({ socket }) => void socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"),
  ],
  ["an answer that is too long", (_request, response) => void response.end("x".repeat(17 * 1024))],
] satisfies [string, RequestListener][])("%s is an error", async (_name, handler) => {
  const url = await listen(handler);
  await expect(plainFetch(url, { method: "GET", headers: {}, timeoutMs })).rejects.toThrow();
});

test.each([
  ["no answer", () => {}],
  ["half an answer", (_request, response) => void response.writeHead(200).write("ha")],
] satisfies [string, RequestListener][])("%s within the time is an error", async (_name, handler) => {
  const url = await listen(handler);
  await expect(plainFetch(url, { method: "GET", headers: {}, timeoutMs: 200 })).rejects.toThrow();
});
