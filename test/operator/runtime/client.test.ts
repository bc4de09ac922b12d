import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { expect, onTestFinished, test } from "vitest";
import { ApiError, ConnectionError } from "../../../operator/runtime/api-error.ts";
import { createClient } from "../../../operator/runtime/client.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { types } from "./samples.ts";

type Handler = (request: IncomingMessage & { body: string }, response: ServerResponse) => void;

/** A client of a local HTTP server that answers as the test says: real API servers do not fail on demand. */
async function connect(handler: Handler, options: { timeoutMs?: number; path?: string } = {}) {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    handler(Object.assign(request, { body }), response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const kubeConfig = new KubeConfig();
  const user = { name: "u", token: "s3cr3t" };
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}${options.path ?? ""}`;
  kubeConfig.loadFromClusterAndUser({ name: "c", server: address, skipTLSVerify: true }, user);
  const metrics = createMetrics();
  const client = createClient({ kubeConfig, userAgent: "test/1", metrics, timeoutMs: options.timeoutMs ?? 5000 });
  onTestFinished(async () => {
    client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const count = async (method: string, code: string) =>
    (await metrics.restClientRequests.get()).values.find(
      ({ labels }) => labels.method === method && labels.code === code,
    )?.value ?? 0;
  return { client, kubeConfig, count };
}

const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) =>
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));

const failure = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => {
      throw new Error("did not fail");
    },
    (error) => error,
  );

test("a request carries credentials, agent and query, also behind a path prefix", async () => {
  const { client, count } = await connect(
    (request, response) => {
      const { authorization, "user-agent": agent, accept } = request.headers;
      json(response, 200, { url: request.url, authorization, agent, accept });
    },
    { path: "/k8s/clusters/c-1/" },
  );
  expect(await client.get("/api/v1/pods", { labelSelector: "a=b,c in (d)", limit: 5, none: undefined })).toEqual({
    url: "/k8s/clusters/c-1/api/v1/pods?labelSelector=a%3Db%2Cc+in+%28d%29&limit=5",
    authorization: "Bearer s3cr3t",
    agent: "test/1",
    accept: "application/json",
  });
  expect(await count("GET", "200")).toBe(1);
});

test("an error names method, path, status and message, not the credentials", async () => {
  const { client } = await connect((_request, response) =>
    json(response, 409, { kind: "Status", reason: "Conflict", message: "was modified", code: 409 }),
  );
  const error = await failure(client.request({ method: "PUT", path: "/api/v1/x", query: { secret: "q" }, body: {} }));
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 409, reason: "Conflict" });
  expect(error.message).toBe("PUT /api/v1/x failed: 409 Conflict: was modified");
  expect(JSON.stringify(error)).not.toContain("s3cr3t");
});

test("an answer that is not from the API server is an error too", async () => {
  const { client } = await connect((request, response) => {
    if (request.url === "/html") response.writeHead(502).end("<html>bad gateway</html>");
    else response.writeHead(200).end("<html>welcome</html>");
  });
  expect(await failure(client.get("/html"))).toMatchObject({ status: 502, reason: "Unknown" });
  expect(await failure(client.get("/page"))).toMatchObject({ name: "ConnectionError", code: "EBADJSON" });
});

test("429 with Retry-After is waited for, three times at most", async () => {
  let requests = 0;
  const { client } = await connect((_request, response) => {
    requests += 1;
    json(
      response,
      requests % 5 === 4 ? 200 : 429,
      { kind: "Status", reason: "TooManyRequests" },
      { "retry-after": "0" },
    );
  });
  await client.request({ method: "POST", path: "/api/v1/x", body: {} });
  expect(requests).toBe(4);
  requests = 4;
  expect(await failure(client.get("/api/v1/x"))).toMatchObject({ status: 429 });
});

test("503 with Retry-After is tried again when repeating is safe, which a POST is not", async () => {
  let requests = 0;
  const { client } = await connect((_request, response) => {
    requests += 1;
    json(response, requests === 2 ? 200 : 503, { kind: "Status" }, { "retry-after": "0" });
  });
  await client.apply(types.configMap, { metadata: { name: "a", namespace: "b" } }, { fieldManager: "m" });
  expect(requests).toBe(2);
  requests = 0;
  expect(await failure(client.request({ method: "POST", path: "/x", body: {} }))).toMatchObject({ status: 503 });
  expect(requests).toBe(1);
});

test("a server that does not answer is given up after the timeout, and the failure counted", async () => {
  const { client, count } = await connect(() => {}, { timeoutMs: 100 });
  const error = await failure(client.get("/api/v1/x"));
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error.message).toBe("GET /api/v1/x got no answer: nothing within 100 ms (ETIMEDOUT)");
  expect(await count("GET", "<error>")).toBe(1);
});

test("the caller can end a request", async () => {
  const stop = new AbortController();
  const { client } = await connect(() => stop.abort(new Error("enough")));
  expect((await failure(client.request({ method: "GET", path: "/x", signal: stop.signal }))).message).toBe("enough");
});

test("a connection that breaks is tried once more for an apply, not for a create", async () => {
  let requests = 0;
  const { client } = await connect((request, response) => {
    requests += 1;
    if (requests === 1) request.socket.resetAndDestroy();
    else json(response, 200, { metadata: {} });
  });
  await client.apply(types.configMap, { metadata: { name: "a", namespace: "b" } }, { fieldManager: "m" });
  expect(requests).toBe(2);
  requests = 0;
  expect(await failure(client.request({ method: "POST", path: "/x", body: {} }))).toBeInstanceOf(ConnectionError);
  expect(requests).toBe(1);
});

test("after 401 the credentials are read again, once", async () => {
  const tokens: (string | undefined)[] = [];
  const { client, kubeConfig } = await connect((request, response) => {
    tokens.push(request.headers.authorization);
    json(response, request.headers.authorization === "Bearer fresh" ? 200 : 401, { kind: "Status" });
  });
  expect(await failure(client.get("/x"))).toMatchObject({ status: 401 });
  kubeConfig.users = [{ name: "u", token: "fresh" }];
  await client.get("/x");
  expect(tokens).toEqual(["Bearer s3cr3t", "Bearer s3cr3t", "Bearer s3cr3t", "Bearer fresh"]);
});

test("an apply is a PATCH with the type's apiVersion and kind, and force", async () => {
  const { client } = await connect((request, response) =>
    json(response, 200, {
      method: request.method,
      url: request.url,
      type: request.headers["content-type"],
      body: JSON.parse(request.body),
    }),
  );
  const object = { metadata: { name: "a", namespace: "b" }, spec: {} };
  expect(await client.apply(types.deployment, object, { fieldManager: "me", subresource: "status" })).toEqual({
    method: "PATCH",
    url: "/apis/apps/v1/namespaces/b/deployments/a/status?fieldManager=me&force=true&fieldValidation=Ignore",
    type: "application/apply-patch+yaml",
    body: { apiVersion: "apps/v1", kind: "Deployment", ...object },
  });
});

test("an apply that may only create, or only write to one object, says so to the server in the object", async () => {
  const { client } = await connect((request, response) => json(response, 200, JSON.parse(request.body)));
  const object = { metadata: { name: "a", namespace: "b" } };
  const metadataOf = async (onto: "absent" | { uid: string }) =>
    (await client.apply(types.configMap, object, { fieldManager: "me", onto })).metadata;
  expect(await metadataOf("absent")).toEqual({ ...object.metadata, resourceVersion: "1" });
  expect(await metadataOf({ uid: "u" })).toEqual({ ...object.metadata, uid: "u" });
});

test("deleting what is gone is a success, deleting what has changed is not", async () => {
  let status = 404;
  const { client } = await connect((_request, response) => json(response, status, { kind: "Status" }));
  await client.delete(types.configMap, "b", "a", { uid: "u" });
  status = 409;
  expect(await failure(client.delete(types.configMap, "b", "a", { uid: "u" }))).toMatchObject({ status: 409 });
});

test("a watch yields events however they are cut into pieces", async () => {
  const events = ["\u00e4\u2603", "b".repeat(70_000)].map((name) => ({
    type: "ADDED",
    object: { metadata: { name } },
  }));
  const bytes = Buffer.from(`${events.map((event) => JSON.stringify(event)).join("\n")}\n`);
  const { client } = await connect(async (_request, response) => {
    response.writeHead(200);
    for (let at = 0; at < bytes.length; at += at < 100 ? 1 : 30_000) {
      response.write(bytes.subarray(at, at < 100 ? at + 1 : at + 30_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end('{"type":"ADDED","object":{"cut":');
  });
  const seen: unknown[] = [];
  for await (const event of client.watch("/x", {}, new AbortController().signal)) seen.push(event);
  expect(seen).toEqual(events);
});

test("a watch that is refused or malformed throws", async () => {
  const { client } = await connect((request, response) => {
    if (request.url?.startsWith("/gone")) json(response, 410, { kind: "Status", reason: "Expired" });
    else response.writeHead(200).end("not json\n");
  });
  const drain = async (path: string) => {
    for await (const _event of client.watch(path, {}, new AbortController().signal));
  };
  expect(await failure(drain("/gone"))).toMatchObject({ status: 410, reason: "Expired" });
  expect(await failure(drain("/malformed"))).toMatchObject({ name: "MalformedEventError" });
});

test("a kubeconfig without a cluster is refused at once", () => {
  expect(() => createClient({ kubeConfig: new KubeConfig(), userAgent: "t" })).toThrow("set current-context");
});
