import { once } from "node:events";
import { createServer, METHODS } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { bodyLimit } from "../../../contract/limits.ts";
import { httpRoutes } from "../../../server/http/routes.ts";
import { boundConnections } from "../../../server/listening/connections.ts";
import { createRegistry } from "../../../server/telemetry/metrics.ts";
import { startMetricsServer } from "../../../server/telemetry/metrics-server.ts";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { head, type RawConnection, rawConnection } from "../support/raw-http.ts";
import { isOpen, keys, startServer, type TestServer } from "../support/server.ts";

let bridge: FakeBridge;
let server: TestServer;
const open: RawConnection[] = [];

beforeEach(async () => {
  bridge = await startFakeBridge();
  server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "100000" });
});

afterEach(async () => {
  for (const { socket } of open.splice(0)) socket.destroy();
  await server.close();
  await bridge.close();
});

async function connection(text = "", url = server.url): Promise<RawConnection> {
  const made = await rawConnection(url);
  made.socket.write(text);
  open.push(made);
  return made;
}

const paths = [...httpRoutes.map(({ route }) => route), "/nothing", "/mcp/", "/register", "/%zz", "/tools/a/b"];
// CONNECT has no path; node:http itself closes the connection.
const methods = METHODS.filter((method) => method !== "CONNECT");
const half = { "content-type": "application/json", "content-length": "200000" };

describe("a request without a key", () => {
  test.each(methods)(
    "%s is answered before its body is read, on every path, and the connection ends",
    async (method) => {
      const answers = paths.map(async (path) => {
        const { closed } = await connection(`${head(method, path, half)}{"a":`);
        return [path, Number(/^HTTP\/1\.1 (\d+)/.exec(await closed)?.[1])];
      });
      for (const [path, status] of await Promise.all(answers)) {
        // An open route with a method that has no body is answered as if it had none.
        const isAnswered = isOpen(String(path)) && (method === "GET" || method === "HEAD");
        expect(isAnswered ? [200] : [400, 401, 404, 405, 429], `${method} ${path}`).toContain(status);
      }
    },
  );

  test("is answered before a chunked body, and before one that is announced too large", async () => {
    for (const headers of [{ "transfer-encoding": "chunked" }, { "content-length": "999999999" }]) {
      for (const path of ["/mcp", "/tools/x", "/nothing", "/health"]) {
        const { closed } = await connection(head("POST", path, headers));
        expect(await closed).toMatch(/^HTTP\/1\.1 4(01|04|05)/);
      }
    }
  });

  test("is not asked for its body by 100 Continue, one with a key is", async () => {
    const expecting = { ...half, "content-length": "2", expect: "100-continue" };
    const stranger = await connection(head("POST", "/tools/get_bridge_status", expecting));
    expect(await stranger.closed).toMatch(/^HTTP\/1\.1 401/);
    const client = await connection(head("POST", "/tools/get_bridge_status", { ...expecting, "x-api-key": keys.all }));
    await vi.waitFor(() => expect(client.text()).toBe("HTTP/1.1 100 Continue\r\n\r\n"));
    client.socket.write("{}");
    await vi.waitFor(() => expect(client.text()).toContain("HTTP/1.1 200 OK"));
  });

  test("with an expectation that nobody knows is refused without its body", async () => {
    const { closed } = await connection(head("POST", "/mcp", { ...half, expect: "200-maybe" }));
    expect(await closed).toMatch(/^HTTP\/1\.1 417/);
  });

  test("of which nothing is left to read keeps its connection", async () => {
    const { text, socket } = await connection(head("GET", "/nothing"));
    await vi.waitFor(() => expect(text()).toContain("HTTP/1.1 404"));
    socket.write(head("GET", "/health/live"));
    await vi.waitFor(() => expect(text()).toContain('{"alive":true}'));
    expect(text()).not.toContain("connection: close");
  });
});

describe("a request with a key", () => {
  test("that announces too large a body is refused by its header", async () => {
    const headers = { "x-api-key": keys.all, "content-type": "application/json", "content-length": `${bodyLimit + 1}` };
    const huge = { ...headers, "content-length": `${1024 * bodyLimit}` };
    for (const [path, announced] of [
      ["/tools/send_telegram_event", headers],
      ["/mcp", huge],
    ] as const) {
      expect(await (await connection(head("POST", path, announced))).closed).toMatch(/^HTTP\/1\.1 413/);
    }
  });

  test("is one of few with a large body, so that half-sent ones leave room for other clients", async () => {
    const headers = {
      "x-api-key": keys.messages,
      "content-type": "application/json",
      "content-length": `${bodyLimit}`,
    };
    const all = await Promise.all(Array.from({ length: 80 }, () => connection(head("POST", "/mcp", headers))));
    await vi.waitFor(() => expect(all.filter(({ text }) => text().startsWith("HTTP/1.1 429"))).toHaveLength(16));
    expect((await server.fetch("/tools/get_bridge_status", { key: keys.all, json: {} })).status).toBe(200);
    for (const { socket } of all) socket.destroy();
    const call = () => server.fetch("/tools/get_bridge_status", { key: keys.messages, json: {} });
    await vi.waitFor(async () => expect((await call()).status).toBe(200));
  });

  test("over the limit is answered on /mcp, but not for a large body", async () => {
    const strict = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "1" });
    const headers = { "x-api-key": keys.all, "content-type": "application/json" };
    await strict.fetch("/tools", { key: keys.all });
    for (const body of [{ "content-length": "200000" }, { "transfer-encoding": "chunked" }]) {
      const { closed } = await connection(head("POST", "/mcp", { ...headers, ...body }), strict.url);
      expect(await closed).toMatch(/^HTTP\/1\.1 429/);
    }
    await strict.close();
  });

  test("may be as large as an event", async () => {
    const body = JSON.stringify({ message: "x" }).padEnd(bodyLimit, " ");
    const headers = { "content-type": "application/json" };
    const response = await server.fetch("/tools/send_telegram_message", {
      method: "POST",
      key: keys.all,
      body,
      headers,
    });
    expect(response.status).toBe(200);
  });
});

describe("connections", () => {
  test("whoever takes all of them keeps nobody out: the oldest stranger has to go", async () => {
    const client = await connection(head("GET", "/tools", { "x-api-key": keys.all }));
    await vi.waitFor(() => expect(client.text()).toContain("HTTP/1.1 200"));
    const strangers = await Promise.all(Array.from({ length: 1100 }, () => connection("GET /tools HTTP/1.1\r\n")));
    expect((await server.fetch("/tools", { key: keys.all })).status).toBe(200);
    await vi.waitFor(() =>
      expect(strangers.filter(({ socket }) => socket.destroyed).length).toBeGreaterThanOrEqual(77),
    );
    expect(strangers.filter(({ socket }) => !socket.destroyed).length).toBeGreaterThan(900);
    expect(client.socket.destroyed).toBe(false);
    client.socket.write(head("GET", "/tools", { "x-api-key": keys.all }));
    await vi.waitFor(() => expect(client.text().match(/HTTP\/1\.1 200/g)).toHaveLength(2));
  });

  test("an answer that nobody takes is given up", async () => {
    const large = createServer(
      ({ url }, response) => void response.end(url === "/" ? "x".repeat(64 * 2 ** 20) : "small"),
    );
    boundConnections(large, { total: 10, answerTimeoutMs: 1000 });
    await once(large.listen(0, "127.0.0.1"), "listening");
    try {
      const url = `http://127.0.0.1:${(large.address() as AddressInfo).port}`;
      const { socket } = await connection(head("GET", "/"), url);
      socket.pause();
      await vi.waitFor(async () => expect(await promisify(large.getConnections.bind(large))()).toBe(0));
      expect(await (await fetch(`${url}/small`)).text()).toBe("small");
    } finally {
      large.closeAllConnections();
      large.close();
    }
  });

  test("the metrics port is bounded, too, and reads nothing", async () => {
    const metrics = await startMetricsServer(createRegistry(), { host: "127.0.0.1", port: 0 });
    try {
      const all = await Promise.all(
        Array.from({ length: 100 }, () => connection("GET /metrics HTTP/1.1\r\n", metrics.url)),
      );
      await vi.waitFor(() => expect(all.filter(({ socket }) => socket.destroyed).length).toBeGreaterThan(35));
      expect((await fetch(`${metrics.url}/metrics`)).status).toBe(200);
      const { closed } = await connection(head("POST", "/metrics", half), metrics.url);
      expect(await closed).toMatch(/^HTTP\/1\.1 405/);
    } finally {
      await metrics.close();
    }
  });
});

test("right keys are served while strangers come as fast as they can", async () => {
  let isOver = false;
  const flood = Array.from({ length: 20 }, async () => {
    while (!isOver) {
      const { closed } = await connection(head("POST", "/nothing", half));
      await closed;
    }
  });
  for (let count = 0; count < 20; count++) {
    const response = await server.fetch("/tools/send_telegram_message", { key: keys.all, json: { message: "x" } });
    expect(response.status).toBe(200);
    await sleep(10);
  }
  isOver = true;
  await Promise.all(flood);
});
