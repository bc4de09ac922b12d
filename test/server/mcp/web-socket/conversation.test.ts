import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { closeCodes } from "../../../../server/mcp/transports/web-socket/close-codes.ts";
import { type FakeBridge, startFakeBridge } from "../../support/fake-bridge.ts";
import { keys, startServer, type TestServer } from "../../support/server.ts";
import { talkingFeatures, waits } from "../../support/talking-features.ts";
import { session, stateless, type Talk, talk } from "../../support/web-socket.ts";

let bridge: FakeBridge;
let server: TestServer;

beforeEach(async () => {
  bridge = await startFakeBridge();
  server = await startServer(bridge.url, { MCP_RATE_LIMIT_REQUESTS: "1000000" }, talkingFeatures);
});

afterEach(async () => {
  await server.close();
  await bridge.close();
});

const key = keys.all;
const call = (id: string | number, name: string, args: object) => {
  return { jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args } };
};
const cancel = (requestId: string | number) => {
  return { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } };
};
const said = (text: string) => ({ result: { content: [{ type: "text", text }] } });
const asking = { capabilities: { elicitation: { form: {} } } };

/** Ends with what the server is doing now, also for calls that never end. */
const end = async (...connections: readonly Talk[]) => {
  for (const { socket } of connections) socket.terminate();
  await Promise.all(connections.map(({ closed }) => closed));
};

describe("a conversation over a WebSocket", () => {
  test("answers come when they are ready, not in order", async () => {
    const connection = await session(server.url, { key });
    connection.send(call("slow", "echo", { said: "slow", afterMs: 200 }));
    connection.send(call("fast", "echo", { said: "fast" }));
    expect(await connection.answer("slow")).toMatchObject(said("slow"));
    expect(connection.received.slice(1).map(({ id }) => id)).toEqual(["fast", "slow"]);
    await end(connection);
  });

  test("the server asks the client, and tells how far it is, on the same connection", async () => {
    const connection = await session(server.url, { key }, asking);
    const { send, until, answer } = connection;
    send({ ...call(7, "greet", {}), params: { name: "greet", arguments: {}, _meta: { progressToken: "t" } } });
    const question = await until(({ method }) => method === "elicitation/create");
    expect(await until(({ method }) => method === "notifications/progress")).toMatchObject({
      params: { progressToken: "t", progress: 1, total: 2 },
    });
    send({ jsonrpc: "2.0", id: question.id, result: { action: "accept", content: { name: "Anna" } } });
    expect(await answer(7)).toMatchObject(said("hello Anna"));
    await end(connection);
  });

  test("what is asked of one client no other can answer", async () => {
    const asked = await session(server.url, { key }, asking);
    const other = await session(server.url, { key: keys.messages });
    asked.send(call(7, "greet", {}));
    const { id } = await asked.until(({ method }) => method === "elicitation/create");
    other.send({ jsonrpc: "2.0", id, result: { action: "accept", content: { name: "Mallory" } } });
    await other.ask("ping");
    asked.send({ jsonrpc: "2.0", id, result: { action: "accept", content: { name: "Anna" } } });
    expect(await asked.answer(7)).toMatchObject(said("hello Anna"));
    await end(asked, other);
  });

  test("a cancelled request is stopped and has no answer; the others go on", async () => {
    const connection = await session(server.url, { key });
    const { send, ask, received } = connection;
    send(call(1, "wait", { name: "cancelled" }));
    send(call(2, "wait", { name: "kept" }));
    await vi.waitFor(() => expect(waits.begun).toEqual(expect.arrayContaining(["cancelled", "kept"])));
    send(cancel(1));
    send(cancel("1"));
    send(cancel(999));
    expect(await ask("ping")).toMatchObject({ result: {} });
    await vi.waitFor(() => expect(waits.stopped).toContain("cancelled"));
    expect(waits.stopped).not.toContain("kept");
    expect(received.map(({ id }) => id)).not.toContain(1);
    await end(connection);
  });

  test("one client cannot cancel what another has asked for", async () => {
    const first = await session(server.url, { key });
    const second = await session(server.url, { key });
    first.send(call(5, "wait", { name: "of the first" }));
    await vi.waitFor(() => expect(waits.begun).toContain("of the first"));
    second.send(cancel(5));
    await second.ask("ping");
    expect(waits.stopped).not.toContain("of the first");
    await end(first, second);
    await vi.waitFor(() => expect(waits.stopped).toContain("of the first"));
  });

  test("an id is free again after its answer, and not before", async () => {
    const connection = await session(server.url, { key });
    const { send, answer, until } = connection;
    send(call(1, "echo", { said: "first", afterMs: 100 }));
    send(call(1, "echo", { said: "second" }));
    expect(await answer(1)).toMatchObject({ error: { code: -32600 } });
    await until(({ id, result }) => id === 1 && result !== undefined);
    connection.received.length = 0;
    send(call(1, "echo", { said: "third" }));
    expect(await answer(1)).toMatchObject(said("third"));
    await end(connection);
  });

  test("beyond 32 requests under way the next ones wait, and none is lost", async () => {
    const connection = await session(server.url, { key });
    // However the messages fall into pieces of what the socket reads.
    for (const pad of [0, 10, 100, 1_000, 3_000]) {
      const ids = Array.from({ length: 300 }, (_, index) => `${pad} ${index}`);
      for (const id of ids) connection.send(call(id, "echo", { said: id, afterMs: 2, pad: "x".repeat(pad) }));
      for (const id of ids) expect(await connection.answer(id)).toMatchObject(said(id));
    }
    await end(connection);
  });

  test("requests that wait for the client's answers do not keep these from being read", async () => {
    const connection = await session(server.url, { key }, asking);
    for (let id = 1; id <= 100; id++) connection.send(call(id, "greet", {}));
    const questions = () => connection.received.filter(({ method }) => method === "elicitation/create");
    await vi.waitFor(() => expect(questions()).toHaveLength(100));
    for (const { id } of questions()) {
      connection.send({ jsonrpc: "2.0", id, result: { action: "accept", content: { name: "Anna" } } });
    }
    for (let id = 1; id <= 100; id++) expect(await connection.answer(id)).toMatchObject(said("hello Anna"));
    await end(connection);
  });

  test("there are 256 of those at most", async () => {
    const connection = await session(server.url, { key }, asking);
    for (let id = 1; id <= 257; id++) connection.send(call(id, "greet", {}));
    expect(await connection.answer(257)).toMatchObject({ result: { isError: true } });
    await end(connection);
  });

  test("changes of resources that the client has subscribed to come by themselves, until it says otherwise", async () => {
    const connection = await session(server.url, { key });
    const other = await session(server.url, { key });
    const uri = "cctelegram://bridge-status";
    expect(await connection.ask("resources/subscribe", { uri })).toMatchObject({ result: {} });
    bridge.relay.publish({ topic: "status", text: "{}" });
    const updated = { method: "notifications/resources/updated", params: { uri } };
    expect(await connection.until(({ method }) => method === updated.method)).toMatchObject(updated);
    await connection.ask("resources/unsubscribe", { uri });
    bridge.relay.publish({ topic: "status", text: "{}" });
    await connection.ask("ping");
    expect(connection.received.filter(({ method }) => method === updated.method)).toHaveLength(1);
    expect(other.received.filter(({ method }) => method !== undefined)).toEqual([]);
    await end(connection, other);
  });

  test("subscriptions/listen of 2026-07-28 tells of changes until it is cancelled, among everything else", async () => {
    const connection = await talk(server.url, { key });
    const uri = "cctelegram://bridge-status";
    const params = stateless({ notifications: { resourceSubscriptions: [uri] } });
    for (let id = 1; id <= 40; id++) connection.send({ jsonrpc: "2.0", id, method: "subscriptions/listen", params });
    const told = (method: string) => connection.received.filter((message) => message.method === method);
    await vi.waitFor(() => expect(told("notifications/subscriptions/acknowledged")).toHaveLength(40));
    // More than may be busy at a time: the connection is read all the same.
    expect(await connection.ask("tools/list", stateless())).toMatchObject({ result: { tools: expect.any(Array) } });
    bridge.relay.publish({ topic: "status", text: "{}" });
    await vi.waitFor(() => expect(told("notifications/resources/updated")).toHaveLength(40));
    for (let id = 1; id <= 40; id++) connection.send(cancel(id));
    await connection.ask("tools/list", stateless());
    bridge.relay.publish({ topic: "status", text: "{}" });
    await connection.ask("tools/list", stateless());
    expect(told("notifications/resources/updated")).toHaveLength(40);
    await end(connection);
  });

  test("batches are for sessions of 2025-03-26 alone", async () => {
    const old = await session(server.url, { key }, { protocolVersion: "2025-03-26" });
    old.send([call(1, "echo", { said: "one" }), call(2, "echo", { said: "two" }), cancel(3)]);
    expect(await old.answer(1)).toMatchObject(said("one"));
    expect(await old.answer(2)).toMatchObject(said("two"));
    const current = await session(server.url, { key });
    current.send([call(1, "echo", { said: "one" })]);
    expect(await current.answer(null)).toMatchObject({ error: { code: -32600 } });
    await end(old, current);
  });

  test.each([
    ["a notification that nobody knows", { jsonrpc: "2.0", method: "notifications/nothing" }],
    ["an answer to nothing", { jsonrpc: "2.0", id: "nothing", result: {} }],
    ["a cancellation of nothing", { jsonrpc: "2.0", method: "notifications/cancelled", params: {} }],
  ])("%s is not answered, with a session and without one", async (_name, message) => {
    for (const connection of [await session(server.url, { key }), await talk(server.url, { key })]) {
      const before = connection.received.length;
      connection.send(message);
      expect(await connection.ask("ping")).toMatchObject({ result: {} });
      expect(connection.received).toHaveLength(before + 1);
      await end(connection);
    }
  });

  test("no client ever gets another's answer", async () => {
    const messages = fc.array(
      fc.record({ said: fc.string({ maxLength: 20 }), afterMs: fc.integer({ min: 0, max: 3 }) }),
      {
        minLength: 1,
        maxLength: 25,
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(messages, { minLength: 2, maxLength: 4 }), async (plans) => {
        const connections = await Promise.all(plans.map(() => session(server.url, { key })));
        // All with the same ids.
        for (const [client, plan] of plans.entries()) {
          for (const [id, { said: words, afterMs }] of plan.entries()) {
            connections[client]!.send(call(id, "echo", { said: `${client} ${words}`, afterMs }));
          }
        }
        for (const [client, plan] of plans.entries()) {
          for (const [id, { said: words }] of plan.entries()) {
            expect(await connections[client]!.answer(id)).toMatchObject(said(`${client} ${words}`));
          }
          expect(connections[client]!.received).toHaveLength(plan.length + 1);
        }
        await end(...connections);
      }),
      { numRuns: 25 },
    );
  });
});

describe("a server that stops", () => {
  test("answers what is under way, begins nothing more, and tells its clients to come back", async () => {
    const busy = await session(server.url, { key });
    const idle = await talk(server.url, { key });
    const stranger = await talk(server.url);
    busy.send(call(1, "echo", { said: "at last", afterMs: 300 }));
    await busy.ask("ping");
    server.drain();
    expect(await idle.ask("ping")).toMatchObject({ result: {} });
    const closing = server.close();
    const restart = { code: 1012, reason: closeCodes.restart.reason };
    expect(await idle.closed).toEqual(restart);
    expect(await stranger.closed).toEqual(restart);
    busy.send(call(2, "echo", { said: "too late" }));
    expect(await busy.answer(1)).toMatchObject(said("at last"));
    expect(await busy.closed).toEqual(restart);
    expect(busy.received.map(({ id }) => id)).not.toContain(2);
    await closing;
    await expect(talk(server.url, { key })).rejects.toThrow("ECONNREFUSED");
    server = await startServer(bridge.url);
  });

  test("still hears what it has asked for", async () => {
    const connection = await session(server.url, { key }, asking);
    connection.send(call(7, "greet", {}));
    const { id } = await connection.until(({ method }) => method === "elicitation/create");
    const closing = server.close();
    connection.send({ jsonrpc: "2.0", id, result: { action: "accept", content: { name: "Anna" } } });
    expect(await connection.answer(7)).toMatchObject(said("hello Anna"));
    expect(await connection.closed).toMatchObject({ code: 1012 });
    await closing;
    server = await startServer(bridge.url);
  });

  test("ends what was listened to, with its answer", async () => {
    const connection = await talk(server.url, { key });
    const params = stateless({ notifications: { resourceSubscriptions: ["cctelegram://bridge-status"] } });
    connection.send({ jsonrpc: "2.0", id: "listen", method: "subscriptions/listen", params });
    await connection.until(({ method }) => method === "notifications/subscriptions/acknowledged");
    const closing = server.close();
    expect(await connection.answer("listen")).toMatchObject({ result: { resultType: "complete" } });
    expect(await connection.closed).toMatchObject({ code: 1012 });
    await closing;
    server = await startServer(bridge.url);
  });

  test("a second server knows nothing of the connection, and everything of a request of 2026-07-28", async () => {
    const second = await startServer(bridge.url, {}, talkingFeatures);
    const params = stateless({ name: "echo", arguments: { said: "anywhere" } });
    for (const { url } of [server, second]) {
      const connection = await talk(url, { key });
      expect(await connection.ask("tools/call", params)).toMatchObject(said("anywhere"));
      await end(connection);
    }
    await second.close();
  });
});
