import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type KeyProxy, startKeyProxy } from "../../conformance/key-proxy.ts";

const failures: string[] = [];
let server: Server;
let proxy: KeyProxy;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  server = createServer((incoming, response) => answer(incoming, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  proxy = await startKeyProxy(
    [`http://127.0.0.1:${(server.address() as AddressInfo).port}`],
    "the-key",
    (error, { url }) => failures.push(`${url}: ${error.message}`),
  );
  failures.length = 0;
});

afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
});

test("adds the key and passes on everything else, both ways", async () => {
  const { promise: seen, resolve } = Promise.withResolvers<{ incoming: IncomingMessage; body: string }>();
  answer = async (incoming, response) => {
    resolve({ incoming, body: await text(incoming) });
    response.writeHead(404, { "mcp-session-id": "x", "set-cookie": ["a", "b"] }).end("nothing here");
  };
  const headers = { host: "evil.example.com", origin: "http://evil.example.com", "Mcp-Method": "ping" };
  const sent = request(`${proxy.url}/mcp?a=b`, { method: "PUT", headers });
  sent.end("a body");
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const { incoming, body } = await seen;
  expect([incoming.method, incoming.url, body]).toEqual(["PUT", "/mcp?a=b", "a body"]);
  expect(incoming.headers).toMatchObject({ ...{ host: headers.host, origin: headers.origin }, "x-api-key": "the-key" });
  expect(incoming.rawHeaders).toContain("Mcp-Method");
  expect([response.statusCode, await text(response)]).toEqual([404, "nothing here"]);
  expect(response.headers).toMatchObject({ "mcp-session-id": "x", "set-cookie": ["a", "b"] });
});

test("streams, and ends one side when the other is gone", async () => {
  const gone = Promise.withResolvers<void>();
  answer = (_incoming, response) => {
    response.on("close", gone.resolve);
    response.write("first");
  };
  const sent = request(proxy.url).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  expect(String((await once(response, "data"))[0])).toBe("first");
  sent.destroy();
  await gone.promise;
  expect(failures).toEqual([]);
  answer = (incoming) => incoming.socket.destroy();
  await expect(fetch(`${proxy.url}/path`)).rejects.toThrow();
  expect(failures).toEqual(["/path: socket hang up"]);
});
