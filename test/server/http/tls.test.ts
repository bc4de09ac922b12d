import { once } from "node:events";
import { copyFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ask, handshake, type MadeCertificate, makeCertificate, shownName } from "../support/certificates.ts";
import { type FakeBridge, startFakeBridge } from "../support/fake-bridge.ts";
import { rawConnection } from "../support/raw-http.ts";
import { keys, startServer, type TestServer } from "../support/server.ts";
import { session, talk } from "../support/web-socket.ts";

let made: string;
let first: MadeCertificate;
let second: MadeCertificate;
let folder: string;
let bridge: FakeBridge;
let server: TestServer;

const certPath = () => join(folder, "tls.crt");
const keyPath = () => join(folder, "tls.key");
const place = ({ certPath: cert, keyPath: key }: MadeCertificate) => {
  copyFileSync(cert, certPath());
  copyFileSync(key, keyPath());
};
const start = (env: Record<string, string> = {}) =>
  startServer(bridge.url, { TLS_CERT_PATH: certPath(), TLS_KEY_PATH: keyPath(), ...env });

beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), "certificates-"));
  first = makeCertificate(made, "first");
  second = makeCertificate(made, "second");
});
afterAll(() => rm(made, { recursive: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tls-"));
  place(first);
  bridge = await startFakeBridge();
  server = await start({
    MCP_RATE_LIMIT_REQUESTS: "1000000",
    MCP_PROXY_PORT: "0",
    MCP_EXTERNAL_PORT: "0",
    MCP_SECOND_PORT: "0",
  });
});
afterEach(async () => {
  await server.close();
  await bridge.close();
  await rm(folder, { recursive: true });
});

const health = async (certificate = first) =>
  JSON.parse((await ask(`${server.url}/health/detailed`, certificate.cert)).body);
const tools = (url: string, options: Parameters<typeof ask>[2] = {}) =>
  ask(`${url}/tools`, first.cert, { headers: { "x-api-key": keys.all }, ...options });

test("every port of MCP and REST speaks HTTPS, and its URL says so", async () => {
  for (const url of [server.url, server.proxiedUrl, server.externalUrl, server.secondUrl]) {
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:/);
    expect((await tools(url)).status).toBe(200);
  }
  expect((await ask(`${server.url}/tools`, first.cert)).status).toBe(401);
  expect((await ask(`${server.externalUrl}/health/detailed`, first.cert)).status).toBe(404);
  const via = { headers: { "x-api-key": "wrong", "x-forwarded-for": "203.0.113.7" } };
  await tools(server.proxiedUrl, via);
  await tools(server.externalUrl, via);
  const refused = server.log.filter(({ msg }) => String(msg).startsWith("SECURITY authentication_failure"));
  expect(refused.map(({ client_ip }) => client_ip)).toEqual(["127.0.0.1", "203.0.113.7", "127.0.0.1"]);
});

test("the dashboard's port speaks HTTPS, too, so that its password is not sent in clear", async () => {
  const own = await start({ MONITORING_SERVER_PORT: "0", MONITORING_PASSWORD: "a password of the dashboard" });
  const authorization = `Basic ${Buffer.from("admin:a password of the dashboard").toString("base64")}`;
  expect(own.dashboardUrl).toMatch(/^https:/);
  expect((await ask(`${own.dashboardUrl}/`, first.cert)).status).toBe(401);
  expect((await ask(`${own.dashboardUrl}/`, first.cert, { headers: { authorization } })).status).toBe(200);
  await own.close();
});

test("a page of the server's own origin may call, and one that is there by HTTP may not", async () => {
  const from = (origin: string) => tools(server.url, { headers: { "x-api-key": keys.all, origin } });
  expect((await from(server.url)).status).toBe(200);
  expect((await from(server.url.replace("https", "http"))).status).toBe(403);
});

test("MCP over a WebSocket goes on over TLS, and a wrong key is refused there", async () => {
  const connection = await session(server.url, { key: keys.all, ca: first.cert });
  expect((await connection.ask("tools/list")).result?.tools).toBeInstanceOf(Array);
  connection.socket.terminate();
  await expect(talk(server.url, { key: "wrong", ca: first.cert })).rejects.toMatchObject({ status: 401 });
});

describe("another certificate", () => {
  test("is shown to new connections without a reload being asked for, and nothing that is open ends", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const socket = await session(server.url, { key: keys.all, ca: first.cert });
    const open = await handshake(server.url, { ca: first.cert, rejectUnauthorized: true });
    let isOver = false;
    const statuses = new Set<number>();
    const caller = async () => {
      while (!isOver) statuses.add((await tools(server.url, { agent })).status);
    };
    const calling = caller();
    expect(await shownName(server.url)).toBe("first");
    place(second);
    await vi.waitFor(async () => expect(await shownName(server.url)).toBe("second"));
    isOver = true;
    await calling;
    expect([...statuses]).toEqual([200]);
    expect((await socket.ask("ping")).result).toEqual({});
    open.write("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect(String((await once(open, "data"))[0])).toContain("200 OK");
    open.destroy();
    socket.socket.terminate();
    agent.destroy();
  });

  test("half-written is not shown; health and metrics tell it, and the server stays ready", async () => {
    expect((await health()).dependencies.certificate).toMatchObject({ healthy: true });
    copyFileSync(second.certPath, certPath());
    await vi.waitFor(async () => expect((await health()).dependencies.certificate.healthy).toBe(false));
    const told = await health();
    expect(told.status).toBe("degraded");
    expect(told.components.server.ready).toBe(true);
    expect(told.dependencies.certificate.error).toBe(
      "the files of the certificate cannot be used; the one before is shown",
    );
    expect(await server.metric("tls_certificate_load_failed")).toBe("1");
    expect(await shownName(server.url)).toBe("first");
  });

  test("its end stands in the metrics", async () => {
    const end = Number(await server.metric("tls_certificate_expiry_timestamp_seconds")) * 1000;
    expect(new Date(end).toISOString()).toBe((await health()).dependencies.certificate.expires_at);
    expect(end).toBeGreaterThan(Date.now());
  });
});

test("without a certificate there are no such series, and health has no such dependency", async () => {
  const plain = await startServer(bridge.url);
  try {
    expect(await plain.metric("tls_certificate_expiry_timestamp_seconds")).toBeUndefined();
    expect(await plain.metric("tls_certificate_load_failed")).toBeUndefined();
    const { dependencies } = (await (await plain.fetch("/health/detailed")).json()) as { dependencies: object };
    expect(dependencies).not.toHaveProperty("certificate");
  } finally {
    await plain.close();
  }
});

describe("TLS_MIN_VERSION", () => {
  test("1.2 by default: what is older is refused", async () => {
    const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    await expect(handshake(server.url, old)).rejects.toThrow();
    const socket = await handshake(server.url, { maxVersion: "TLSv1.2" });
    expect(socket.getProtocol()).toBe("TLSv1.2");
    socket.destroy();
  });

  test("1.3 refuses 1.2, also after a reload", async () => {
    await server.close();
    server = await start({ TLS_MIN_VERSION: "1.3" });
    await expect(handshake(server.url, { maxVersion: "TLSv1.2" })).rejects.toThrow(/protocol version/);
    place(second);
    await server.reload();
    expect(await shownName(server.url)).toBe("second");
    await expect(handshake(server.url, { maxVersion: "TLSv1.2" })).rejects.toThrow(/protocol version/);
  });
});

describe("a stranger", () => {
  test("who speaks HTTP is told to speak HTTPS, and the connection ends", async () => {
    const { socket, closed } = await rawConnection(server.url);
    socket.write("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const text = await closed;
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(text).toContain("This port speaks HTTPS: use https:// in the URL.");
    // The same on a further port, whose connections are taken by another listener.
    const further = await rawConnection(server.externalUrl);
    further.socket.write("GET / HTTP/1.1\r\n\r\n");
    expect(await further.closed).toContain("use https://");
  });

  test("who never ends a handshake, or sends what is none, keeps nobody out", async () => {
    const held = await Promise.all(Array.from({ length: 1100 }, () => rawConnection(server.url)));
    for (const [index, { socket }] of held.entries()) socket.write(index % 2 === 0 ? "\x16\x03\x01" : "");
    expect((await tools(server.url)).status).toBe(200);
    await vi.waitFor(() => expect(held.filter(({ socket }) => !socket.destroyed).length).toBeLessThanOrEqual(1024));
    const noise = await rawConnection(server.url);
    noise.socket.write(Buffer.alloc(2000, 7));
    await noise.closed;
    expect((await tools(server.url)).status).toBe(200);
    for (const { socket } of held) socket.destroy();
  });

  test("with many connections ends no connection on which a key was shown", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect((await tools(server.url, { agent })).status).toBe(200);
    const [own] = Object.values(agent.freeSockets).flatMap((list) => list ?? []);
    const held = await Promise.all(Array.from({ length: 1100 }, () => rawConnection(server.url)));
    expect((await tools(server.url, { agent })).status).toBe(200);
    expect(own?.destroyed).toBe(false);
    for (const { socket } of held) socket.destroy();
    agent.destroy();
  });
});

test("while it drains, answers end their connections, and closing waits for the call in flight", async () => {
  const server = await start();
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const { promise: isThere, resolve: arrived } = Promise.withResolvers<void>();
  bridge.intercept = async () => {
    arrived();
    await held;
    return false;
  };
  const body = JSON.stringify({ message: "hello" });
  const headers = { "x-api-key": keys.all, "content-type": "application/json" };
  const call = ask(`${server.url}/tools/send_telegram_message`, first.cert, { method: "POST", headers, body });
  await isThere;
  server.drain();
  const closed = server.close();
  letGo();
  const answer = await call;
  await closed;
  expect(answer.status).toBe(200);
  expect(answer.headers.connection).toBe("close");
});
