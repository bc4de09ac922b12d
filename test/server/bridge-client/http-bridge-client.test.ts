import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Event } from "../../../contract/event.ts";
import type { BridgeClient } from "../../../server/bridge-client/bridge-client.ts";
import { httpBridgeClient } from "../../../server/bridge-client/http-bridge-client.ts";
import {
  type FakeBridge,
  healthyStatus,
  reply,
  secret,
  startFakeBridge,
  threeTriesMs,
} from "../support/fake-bridge.ts";

const event: Event = {
  event_id: "e1",
  type: "info_notification",
  source: "test",
  client: "tester",
  timestamp: "2026-01-01T00:00:00Z",
  task_id: "e1",
  title: "Grüße",
  description: "🎉",
  data: {},
};

let bridge: FakeBridge;
const clients: BridgeClient[] = [];

function clientOf(url: string, options: { timeoutMs?: number; secret?: string } = {}): BridgeClient {
  const client = httpBridgeClient({ url, secret, timeoutMs: 5000, clock: Date.now, ...options });
  clients.push(client);
  return client;
}

beforeEach(async () => {
  bridge = await startFakeBridge();
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await bridge.close();
});

/** Answers the first requests itself, then lets the bridge answer. */
function first(count: number, answer: FakeBridge["intercept"]): FakeBridge["intercept"] {
  let seen = 0;
  return (request, response) => (seen++ < count ? answer(request, response) : false);
}

describe("bridge client", () => {
  test("sends signed events and reads the status", async () => {
    const client = clientOf(bridge.url);
    expect(await client.send(event)).toEqual({ event_id: "e1", messages: 1, duplicate: false });
    expect(bridge.events).toEqual([event]);
    expect(await client.status()).toEqual(healthyStatus);
  });

  test("repeats an event that the bridge refuses with 503, and it is accepted once", async () => {
    bridge.intercept = first(2, (_request, response) => {
      reply(response, 503, { error: true, message: "shutting down" });
      return true;
    });
    expect(await clientOf(bridge.url).send(event)).toMatchObject({ duplicate: false });
    expect(bridge.requests).toEqual(["POST /events", "POST /events", "POST /events"]);
    expect(bridge.events).toHaveLength(1);
  });

  test("repeats an event whose connection broke after it was accepted, under the same id", async () => {
    bridge.intercept = first(1, (request) => {
      bridge.events.push(event);
      request.socket.destroy();
      return true;
    });
    expect(await clientOf(bridge.url).send(event)).toMatchObject({ duplicate: true });
    expect(bridge.events).toHaveLength(1);
  });

  test("waits for a bridge that restarts", async () => {
    const { port, url } = bridge;
    await bridge.close();
    const accepted = clientOf(url).send(event);
    await new Promise((resolve) => setTimeout(resolve, 300));
    bridge = await startFakeBridge({ port });
    expect(await accepted).toMatchObject({ duplicate: false });
  });

  test("gives up at the deadline and says that the bridge is unavailable", async () => {
    await bridge.close();
    await expect(clientOf(bridge.url, { timeoutMs: threeTriesMs }).send(event)).rejects.toMatchObject({
      code: "BRIDGE_UNAVAILABLE",
    });
  });

  test("does not wait for a time that lies behind the deadline", async () => {
    bridge.intercept = (_request, response) => {
      reply(response, 503, { error: true, message: "the queue is full" }, { "retry-after": "30" });
      return true;
    };
    const error = await clientOf(bridge.url)
      .send(event)
      .catch((thrown) => thrown);
    expect(error).toMatchObject({
      code: "BRIDGE_UNAVAILABLE",
      details: { reason: "the queue is full", retry_after: 30 },
    });
    expect(bridge.requests).toHaveLength(1);
  });

  test("times out on a bridge that accepts connections and says nothing", async () => {
    bridge.intercept = () => true;
    await expect(clientOf(bridge.url, { timeoutMs: 200 }).send(event)).rejects.toMatchObject({ code: "TIMEOUT_ERROR" });
  });

  test.each([
    [413, { message: "too large" }, "PAYLOAD_TOO_LARGE"],
    [400, { message: "title: too long" }, "BRIDGE_REFUSED"],
    [202, { surprise: true }, "BRIDGE_REFUSED"],
  ])("does not repeat what was answered with %i", async (status, body, code) => {
    bridge.intercept = (_request, response) => {
      reply(response, status, body);
      return true;
    };
    await expect(clientOf(bridge.url).send(event)).rejects.toMatchObject({ code });
    expect(bridge.requests).toHaveLength(1);
  });

  test("waits for a bridge that does not have the new secret yet", async () => {
    bridge.intercept = first(2, (_request, response) => {
      reply(response, 401, { error: true, message: "wrong" });
      return true;
    });
    expect(await clientOf(bridge.url).send(event)).toMatchObject({ duplicate: false });
    expect(bridge.requests).toHaveLength(3);
  });

  test("tells a client that has used up its share at once, with the time to wait", async () => {
    bridge.intercept = (_request, response) => {
      reply(response, 429, { message: "9 of 9 messages wait." }, { "retry-after": "30" });
      return true;
    };
    await expect(clientOf(bridge.url).send(event)).rejects.toMatchObject({
      code: "CLIENT_QUOTA_EXCEEDED",
      details: { reason: "9 of 9 messages wait.", retry_after: 30 },
    });
    expect(bridge.requests).toHaveLength(1);
  });

  test("explains a signature that the bridge does not accept until the deadline", async () => {
    const client = clientOf(bridge.url, { secret: "another-secret-of-32-characters!!!!", timeoutMs: threeTriesMs });
    await expect(client.send(event)).rejects.toThrow(/HMAC_SECRET/);
    expect(bridge.events).toEqual([]);
  });
});
