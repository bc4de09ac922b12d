import { METHODS } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTelegram, type TelegramServer } from "../../../telegram/telegram.ts";
import { auditOf } from "../../support/audit.ts";
import { head, rawConnection } from "../../support/raw-http.ts";
import {
  bridgeFor,
  configFor,
  eventOf,
  headersOf,
  type Scratch,
  SECRET,
  scratch,
  signedFetch,
  type TestBridge,
} from "../support.ts";

const PREVIOUS = "the-secret-before-the-rotation-was-this";
const LARGEST = 256 * 1024;

let directory: Scratch;
let telegram: TelegramServer;
let bridge: TestBridge;

beforeAll(async () => {
  directory = await scratch();
  telegram = await startTelegram();
  bridge = await bridgeFor(
    configFor(directory.path, telegram.url, { hmac: { secret: SECRET, beside: [{ value: PREVIOUS }] } }),
  );
});

afterAll(async () => {
  await bridge.close();
  await telegram.close();
  await directory[Symbol.asyncDispose]();
});

/** Status of the answer to a head whose body never comes. */
async function statusOf(request: string): Promise<string> {
  const connection = await rawConnection(bridge.url);
  connection.socket.write(request);
  await connection.received("\r\n\r\n");
  connection.socket.destroy();
  return connection.text().slice(9, 12);
}

const signedHead = (body: string, more: Record<string, string> = {}, secret = SECRET) =>
  head("POST", "/events", { ...headersOf(`${bridge.url}/events`, "POST", body, { secret }), ...more });

// CONNECT asks for a tunnel; Node closes it, for nobody listens.
const methods = METHODS.filter((method) => method !== "CONNECT");

describe("the gate", () => {
  test.each(methods)("a %s without a signature is answered before its body is read, on any path", async (method) => {
    const length = { "content-length": "200000" };
    const routes = ["/events", "/status", "/events/e1?client=a", "/relay/publish", "/relay/follow", "/relay/recall"];
    const others = [
      "/nothing",
      "/events/e1/x",
      "/events/%zz",
      "//events",
      "/%2e%2e/events",
      "/relay",
      "/relay/follow/",
    ];
    for (const path of [...routes, ...others]) {
      const isRoute = /^(POST \/(events|relay\/\w+)|(GET|HEAD) \/(status|events\/e1\?client=a))$/.test(
        `${method} ${path}`,
      );
      expect(await statusOf(head(method, path, length)), path).toBe(isRoute ? "401" : "404");
    }
  });

  test("a chunked body is not read either", async () => {
    expect(await statusOf(head("POST", "/events", { "transfer-encoding": "chunked" }))).toBe("401");
  });

  test("a health route answers without the body that it was promised, and closes", async () => {
    const connection = await rawConnection(bridge.url);
    connection.socket.write(head("GET", "/health/live", { "content-length": "200000" }));
    await connection.closed;
    expect(connection.text()).toMatch(/^HTTP\/1\.1 200/);
  });

  test("a signed request that announces too much is refused by its header", async () => {
    expect(await statusOf(signedHead("", { "content-length": String(LARGEST + 1) }))).toBe("413");
  });

  test("a body that is not the signed one is refused, counted and logged with the caller's address", async () => {
    const body = JSON.stringify(eventOf("other"));
    const headers = headersOf(`${bridge.url}/events`, "POST", JSON.stringify(eventOf("signed")));
    const before = await bridge.metric("cctelegram_signature_failures_total", { reason: "body" });
    const answer = await fetch(`${bridge.url}/events`, { method: "POST", headers, body });
    expect(answer.status).toBe(401);
    expect(await bridge.metric("cctelegram_signature_failures_total", { reason: "body" })).toBe(before + 1);
    const lines = bridge.log.map((line) => JSON.parse(line)).filter(({ event }) => event === "signature_failure");
    expect(lines[0]).toMatchObject({ client_ip: "127.0.0.1", reason: "missing" });
    expect(lines[0].msg).toBe("SECURITY signature_failure client_ip=127.0.0.1");
    const records = auditOf(bridge.log);
    expect(records[0]).toMatchObject({ decision: "signature", outcome: "refused", reason: "missing" });
    expect(records).toHaveLength(lines.length);
    // Every refusal is counted, and the log holds no more than a few of them.
    expect(lines.length).toBeLessThanOrEqual(10);
  });

  test("a signature for one route does not open another", async () => {
    const headers = headersOf(`${bridge.url}/events`, "POST", "");
    expect((await fetch(`${bridge.url}/status`, { headers })).status).toBe(401);
  });

  test("during a rotation the secret before counts, too", async () => {
    for (const secret of [SECRET, PREVIOUS]) {
      expect((await signedFetch(`${bridge.url}/status`, "GET", "", secret)).status).toBe(200);
    }
    expect((await signedFetch(`${bridge.url}/status`, "GET", "", `${SECRET}!`)).status).toBe(401);
  });

  test("a body is asked for with 100 only when the signature counts", async () => {
    const body = JSON.stringify(eventOf("continued"));
    const more = { expect: "100-continue", "content-length": String(Buffer.byteLength(body)) };
    expect(await statusOf(head("POST", "/events", more))).toBe("401");
    const connection = await rawConnection(bridge.url);
    connection.socket.write(signedHead(body, more));
    await connection.received("100 Continue\r\n\r\n");
    connection.socket.write(body);
    await connection.received("202 Accepted");
    connection.socket.destroy();
  });
});
