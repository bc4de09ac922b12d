import { describe, expect, test } from "vitest";
import { BoundedMap } from "../../../server/mcp/bounded-map.ts";
import { Subscriptions } from "../../../server/mcp/subscriptions.ts";
import { startFakeBridge } from "../support/fake-bridge.ts";
import { beginSession, keys, startServer } from "../support/server.ts";

const uri = "cctelegram://bridge-status";

describe("subscriptions", () => {
  const told: [string, unknown][] = [];
  const made = () => {
    told.length = 0;
    return new Subscriptions((session, message) => told.push([session, message]));
  };
  const updated = { jsonrpc: "2.0", method: "notifications/resources/updated", params: { uri } };

  test("tell each session of changes of what it has subscribed to", () => {
    const subscriptions = made();
    subscriptions.add("a", uri, "status");
    subscriptions.add("a", "cctelegram://event-types", undefined);
    subscriptions.add("b", uri, "status");
    subscriptions.add("c", "cctelegram://events/1", "events/1");
    subscriptions.changed("status");
    expect(told).toEqual([
      ["a", updated],
      ["b", updated],
    ]);
  });

  test("end by the client's word, or with the session", () => {
    const subscriptions = made();
    subscriptions.add("a", uri, "status");
    subscriptions.add("b", uri, "status");
    subscriptions.remove("a", uri);
    subscriptions.end("b");
    subscriptions.remove("nobody", uri);
    subscriptions.changed("status");
    expect(told).toEqual([]);
  });

  test("are bounded for each session; the same one again counts once", () => {
    const subscriptions = made();
    for (let round = 0; round < 2; round++) {
      for (let number = 0; number < 100; number++) subscriptions.add("a", `test://${number}`, "test");
    }
    expect(() => subscriptions.requireRoom("a", "test://one-more")).toThrow(/limit/i);
    expect(() => subscriptions.requireRoom("a", "test://1")).not.toThrow();
    expect(() => subscriptions.requireRoom("b", "test://1")).not.toThrow();
    subscriptions.changed("test");
    expect(told).toHaveLength(100);
  });
});

test("a bounded map forgets what was set longest ago", () => {
  const map = new BoundedMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.set("a", 3);
  map.set("c", 4);
  expect([...map.entries()]).toEqual([
    ["a", 3],
    ["c", 4],
  ]);
});

test("a session subscribes to what its client may read, and to nothing else", async () => {
  const bridge = await startFakeBridge();
  const server = await startServer(bridge.url);
  try {
    const ask = async (key: string, method: string, params: object) => {
      const session = await beginSession(server, key);
      return (await session.post({ jsonrpc: "2.0", id: 1, method, params })).json();
    };
    const done = { jsonrpc: "2.0", id: 1, result: {} };
    expect(await ask(keys.all, "resources/subscribe", { uri })).toEqual(done);
    expect(await ask(keys.all, "resources/unsubscribe", { uri })).toEqual(done);
    const unknown = { error: { code: -32002 } };
    expect(await ask(keys.nothing, "resources/subscribe", { uri })).toMatchObject(unknown);
    expect(await ask(keys.all, "resources/subscribe", { uri: "cctelegram://nothing" })).toMatchObject(unknown);
    expect(await ask(keys.all, "resources/subscribe", {})).toMatchObject({ error: { code: -32602 } });
  } finally {
    await server.close();
    await bridge.close();
  }
});
