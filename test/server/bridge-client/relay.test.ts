import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RelayMessage } from "../../../contract/relay.ts";
import type { BridgeClient } from "../../../server/bridge-client/bridge-client.ts";
import { httpBridgeClient } from "../../../server/bridge-client/http-bridge-client.ts";
import { localBridgeClient } from "../../../server/bridge-client/local-bridge-client.ts";
import type { Relay } from "../../../server/bridge-client/relay.ts";
import { startTelegram, type TelegramServer } from "../../telegram/telegram.ts";
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
  until,
} from "../bridge/support.ts";
import { wayTo } from "../support/cut-connections.ts";
import { threeTriesMs } from "../support/fake-bridge.ts";
import { head, rawConnection } from "../support/raw-http.ts";

let directory: Scratch;
let telegram: TelegramServer;
let bridge: TestBridge;
const clients: BridgeClient[] = [];

beforeEach(async () => {
  directory = await scratch();
  telegram = await startTelegram();
  bridge = await bridgeFor(configFor(directory.path, telegram.url));
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await bridge.close();
  await telegram.close();
  await directory[Symbol.asyncDispose]();
});

function client(options: { url?: string; secret?: string; timeoutMs?: number } = {}): BridgeClient {
  const made = httpBridgeClient({ url: bridge.url, secret: SECRET, timeoutMs: 5_000, clock: Date.now, ...options });
  clients.push(made);
  return made;
}

function local(): BridgeClient {
  const made = localBridgeClient(bridge);
  clients.push(made);
  return made;
}

/** What a subscriber hears: texts, and "(missed)". Events of the bridge itself are left out. */
function hear(relay: Relay) {
  const heard: string[] = [];
  const positions: number[] = [];
  const listener = ({ topic, text, position }: RelayMessage) => {
    if (topic === "status" || topic.startsWith("event/")) return;
    heard.push(text);
    positions.push(position);
  };
  return { heard, positions, end: relay.subscribe(listener, () => void heard.push("(missed)")) };
}

/** The bridge at the same address, started again. */
async function restart(): Promise<void> {
  const port = Number(new URL(bridge.url).port);
  await bridge.close();
  bridge = await bridgeFor(configFor(directory.path, telegram.url, { port }));
}

/** A poll that waits, on a connection of its own. */
async function waitingPoll() {
  const body = JSON.stringify({ after: "now", wait_ms: 25_000 });
  const connection = await rawConnection(bridge.url);
  const headers = headersOf(`${bridge.url}/relay/follow`, "POST", body);
  connection.socket.write(head("POST", "/relay/follow", { ...headers, "content-length": `${body.length}` }) + body);
  await until("the poll waits", () => bridge.relay.followers === 1);
  return connection;
}

describe.each([
  ["over HTTP", client],
  ["in the same process", local],
])("a relay %s", (_case, make) => {
  test("brings what one server publishes to the others, in order and once", async () => {
    const [one, other] = [make().relay, make().relay];
    const [first, second, third] = [hear(one), hear(other), hear(other)];
    await other.recall("warm-up");
    const sent = Array.from({ length: 50 }, (_, n) => `${n}`);
    for (const text of sent) await one.publish("a", text);
    await until("all heard", () => [first, second, third].every(({ heard }) => heard.length >= 50));
    for (const { heard, positions } of [first, second, third]) {
      expect(heard).toEqual(sent);
      expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    }
  });

  test("hears what it publishes right after it subscribed", async () => {
    const { relay } = make();
    const { heard } = hear(relay);
    await relay.publish("a", "at once");
    await until("heard", () => heard.length > 0);
    expect(heard).toEqual(["at once"]);
  });

  test("recalls the messages of a topic after a position, and its values", async () => {
    const { relay } = make();
    await relay.publish("a", "1", "state");
    const { position } = await relay.recall("a");
    await relay.publish("b", "2");
    await relay.publish("a", "3", "state");
    expect(await relay.recall("a", position)).toMatchObject({
      messages: [{ topic: "a", text: "3" }],
      kept: { state: "3" },
      missed: false,
    });
    await relay.publish("a", "", "state");
    expect((await relay.recall("a")).kept).toEqual({});
    expect((await relay.recall("a", 1)).missed).toBe(true);
  });

  test("recalls more than one answer may have, to the last message", async () => {
    const { relay } = make();
    const letters = [..."abcdefghij"];
    for (const letter of letters) await relay.publish("a", letter.repeat(250_000), "last");
    const { messages, kept } = await relay.recall("a");
    expect(messages.map(({ text }) => text[0])).toEqual(letters);
    expect(kept.last?.[0]).toBe("j");
  });

  test("refuses what is too large with an error of the catalogue, and goes on", async () => {
    const { relay } = make();
    const refused = relay.publish("a", "x".repeat(256 * 1024 + 1));
    await expect(refused).rejects.toMatchObject({
      code: "RELAY_LIMIT_EXCEEDED",
      details: { reason: "a message may have 256 KiB" },
    });
    // Escaped as JSON it takes six times the bytes.
    await relay.publish("a", "\u0001".repeat(256 * 1024));
    expect((await relay.recall("a")).messages[0]?.text).toHaveLength(256 * 1024);
  });

  test("polls while somebody listens, and not any longer", async () => {
    const { relay } = make();
    const [first, second] = [hear(relay), hear(relay)];
    await until("a poll", () => bridge.relay.followers === 1);
    first.end();
    await relay.publish("a", "1");
    await until("heard", () => second.heard.length === 1);
    expect(first.heard).toEqual([]);
    await until("the next poll", () => bridge.relay.followers === 1);
    second.end();
    await until("no poll", () => bridge.relay.followers === 0);
    const third = hear(relay);
    await relay.publish("a", "2");
    await until("heard", () => third.heard.length === 1);
    expect(second.heard).toEqual(["1"]);
  });

  test("one listener that throws keeps nothing from the others", async () => {
    const { relay } = make();
    const warned: string[] = [];
    const onWarning = (warning: Error) => void warned.push(warning.message);
    process.on("warning", onWarning);
    relay.subscribe(
      () => {
        throw new Error("a fault of a listener");
      },
      () => {},
    );
    const { heard } = hear(relay);
    await relay.publish("a", "1");
    await until("heard and told", () => heard.length === 1 && warned.includes("a fault of a listener"));
    process.off("warning", onWarning);
  });

  test("tells where an event is", async () => {
    const made = make();
    const topics: string[] = [];
    made.relay.subscribe(
      ({ topic, text }) => void topics.push(`${topic} ${JSON.parse(text).state}`),
      () => {},
    );
    await made.relay.recall("warm-up");
    await made.send(eventOf("e1"));
    await until("told", () => topics.includes("event/e1 waiting") && topics.includes("event/e1 sent"));
    expect(await made.eventStatus("e1", "tester")).toMatchObject({ event_id: "e1", state: "sent" });
    expect(await made.eventStatus("e1", undefined)).toMatchObject({ state: "sent" });
    for (const [id, name] of [
      ["e1", "other"],
      ["e2", "tester"],
    ] as const) {
      await expect(made.eventStatus(id, name)).rejects.toMatchObject({ code: "EVENT_NOT_FOUND" });
    }
    for (const id of [".", "..", "%2e%2e/x?y#z"]) {
      await made.send(eventOf(id));
      expect(await made.eventStatus(id, "tester")).toMatchObject({ event_id: id });
    }
  });
});

describe("a relay over HTTP", () => {
  test("whose bridge restarts says that messages are missed, and goes on", async () => {
    const { relay } = client();
    const { heard } = hear(relay);
    await relay.publish("a", "before");
    await until("heard", () => heard.length === 1);
    await restart();
    await until("the gap told", () => heard.length === 2);
    await relay.publish("a", "after");
    await until("heard", () => heard.length === 3);
    expect(heard).toEqual(["before", "(missed)", "after"]);
  });

  test("whose bridge is not there yet says that messages may be missed, and a publication waits for it", async () => {
    const port = Number(new URL(bridge.url).port);
    const { relay } = client();
    await bridge.close();
    const { heard } = hear(relay);
    const published = relay.publish("a", "1");
    await sleep(300);
    bridge = await bridgeFor(configFor(directory.path, telegram.url, { port }));
    await published;
    await until("the gap told", () => heard.includes("(missed)"));
    await relay.publish("a", "2");
    await until("heard", () => heard.includes("2"));
  });

  test("whose connections are cut hears everything all the same, once and in order", async () => {
    const way = await wayTo(bridge.url);
    const { relay } = client({ url: way.url });
    const { heard } = hear(relay);
    await relay.publish("a", "0");
    const sent = Array.from({ length: 30 }, (_, n) => `${n}`);
    for (const text of sent.slice(1)) {
      // The publication itself may be cut, too, before or after it got there.
      const published = relay.publish("a", text);
      if (Number(text) % 3 === 0) await sleep(Number(text) / 10).then(way.cut);
      await published;
    }
    await until("heard", () => heard.length >= sent.length);
    expect(heard).toEqual(sent);
    await way.close();
  });

  test("with a wrong secret gets nothing and tells nothing", async () => {
    const { relay } = client({ secret: "another secret of at least 32 letters", timeoutMs: threeTriesMs });
    await expect(relay.publish("a", "1")).rejects.toThrow(/HMAC_SECRET/);
    await expect(relay.recall("a")).rejects.toThrow(/HMAC_SECRET/);
    for (const path of ["/relay/publish", "/relay/follow", "/relay/recall"]) {
      expect((await fetch(bridge.url + path, { method: "POST", body: "{}" })).status).toBe(401);
      expect((await signedFetch(bridge.url + path, "POST", "{}", "another secret of at least 32 letters")).status).toBe(
        401,
      );
    }
    expect(bridge.relay.recall({ topic: "a" }).messages).toEqual([]);
    expect(bridge.relay.followers).toBe(0);
  });

  test.each([
    ["/relay/publish", { topic: "a" }, "text"],
    ["/relay/publish", { topic: "grün", text: "" }, "topic"],
    ["/relay/follow", { after: "then", wait_ms: 0 }, "after"],
    ["/relay/follow", { after: 0, wait_ms: 25_001 }, "wait_ms"],
    ["/relay/recall", { topic: "a", after: -1 }, "after"],
  ])("refuses at %s what is not its form: %j", async (path, body, field) => {
    const answer = await signedFetch(bridge.url + path, "POST", JSON.stringify(body));
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: "VALIDATION_ERROR", fields: [{ field }] });
  });

  test("a body above 2 MiB is refused", async () => {
    const body = JSON.stringify({ topic: "a", text: "x".repeat(2 * 2 ** 20) });
    const answer = await signedFetch(`${bridge.url}/relay/publish`, "POST", body);
    expect([answer.status, await answer.json()]).toMatchObject([413, { message: "A request may have 2048 KiB." }]);
  });
});

describe("a poll over HTTP", () => {
  /** Nothing is published after that, so a poll ends by itself only at the end of its wait. */
  const quiet = () => until("the start told", () => bridge.relay.recall({ topic: "status" }).messages.length === 1);

  test("whose connection is cut is gone", async () => {
    await quiet();
    const { socket } = await waitingPoll();
    socket.destroy();
    await until("the poll is gone", () => bridge.relay.followers === 0);
  });

  test("of a client that closed its side is gone", async () => {
    await quiet();
    const { socket } = await waitingPoll();
    socket.end();
    await until("the poll is gone", () => bridge.relay.followers === 0);
  });

  test("is answered at once when the bridge closes, which does not wait for it", async () => {
    const { closed } = await waitingPoll();
    const start = performance.now();
    await bridge.close();
    // The poll would wait for 25 s.
    expect(performance.now() - start).toBeLessThan(20_000);
    expect(await closed).toMatch(/^HTTP\/1\.1 200.*"messages":\[\]/s);
  });

  test("takes no place from events, however many wait", async () => {
    // Less than a poll waits.
    const followers = Array.from({ length: 70 }, () => client({ timeoutMs: 20_000 }));
    for (const { relay } of followers) hear(relay);
    await until("as many polls as may wait", () => bridge.relay.followers === 64);
    const sends = followers.map((each, n) => each.send(eventOf(`e${n}`)));
    expect(await Promise.all(sends)).toHaveLength(70);
  });
});
