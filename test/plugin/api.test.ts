import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Api } from "../../plugin/cluster/api.ts";

let server: Server;
let api: Api;
let stop: AbortController;
/** Answers of the API server, in order: a status, and after how many seconds to ask again. */
let answers: { readonly status: number; readonly retryAfter?: string }[];
let asked: string[];

beforeEach(async () => {
  answers = [];
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.method ?? "");
    const { status, retryAfter } = answers.shift() ?? { status: 200 };
    if (retryAfter !== undefined) response.setHeader("retry-after", retryAfter);
    response.writeHead(status, { "content-type": "application/json" });
    const message = "storage is (re)initializing";
    response.end(
      JSON.stringify(
        status === 200 ? { metadata: {}, items: [{ metadata: { name: "one" } }] } : { kind: "Status", message },
      ),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const kubeConfig = new KubeConfig();
  const { port } = server.address() as AddressInfo;
  kubeConfig.loadFromClusterAndUser(
    { name: "test", server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
    { name: "anna" },
  );
  stop = new AbortController();
  api = new Api({ kubeConfig, userAgent: "test", signal: stop.signal });
});
afterEach(async () => {
  await api.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test("what the server turns away for a moment is asked again", async () => {
  answers = [
    { status: 429, retryAfter: "0" },
    { status: 503, retryAfter: "0" },
  ];
  expect(await api.list("/apis/example.com/v1/things")).toEqual([{ metadata: { name: "one" } }]);
  expect(asked).toEqual(["GET", "GET", "GET"]);
});

test("what it turns away again and again is told in its words", async () => {
  answers = Array.from({ length: 4 }, () => ({ status: 429, retryAfter: "0" }));
  await expect(api.get("/api/v1/pods")).rejects.toThrow("The cluster refuses it: storage is (re)initializing");
  expect(asked).toHaveLength(4);
});

test("what might have been done, or has no end in sight, is not asked again", async () => {
  answers = [{ status: 503, retryAfter: "0" }, { status: 429 }];
  await expect(api.request({ method: "POST", path: "/api/v1/pods", body: {} })).rejects.toThrow("(re)initializing");
  await expect(api.get("/api/v1/pods")).rejects.toThrow("(re)initializing");
  expect(asked).toEqual(["POST", "GET"]);
});

test("Ctrl-C ends the wait", async () => {
  answers = [{ status: 429, retryAfter: "10" }];
  const list = api.list("/api/v1/pods");
  await expect.poll(() => asked).toEqual(["GET"]);
  stop.abort();
  await expect(list).rejects.toThrow("Interrupted");
});
