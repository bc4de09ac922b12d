import { afterEach, describe, expect, test, vi } from "vitest";
import { ServerError } from "../../../../contract/errors.ts";
import { localBridgeClient } from "../../../../server/bridge-client/local-bridge-client.ts";
import type { SessionCalls } from "../../../../server/bridge-client/sessions.ts";
import { Doorbells } from "../../../../server/mcp/channel/doorbells.ts";
import { type PumpOptions, pump } from "../../../../server/mcp/channel/pump.ts";
import { Talk } from "../../bridge/sessions/talk.ts";
import { until } from "../../bridge/support.ts";
import { idleBridge } from "../../support/fake-bridge.ts";

const talk = new Talk();
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const away = () => new ServerError("BRIDGE_UNAVAILABLE", { reason: "it restarts" });

type Options = Partial<Omit<PumpOptions, "sessions">> & { readonly sessions?: (calls: SessionCalls) => SessionCalls };

/** One connection of the session `api`, which the bridge of the moment answers. */
function connection({ sessions: wrapped = (calls) => calls, ...more }: Options = {}) {
  const bridge = {
    ...idleBridge,
    get channel() {
      return talk.bridge.channel;
    },
    get relay() {
      return talk.bridge.relay;
    },
  };
  const client = localBridgeClient(bridge);
  const doorbells = new Doorbells(client.relay);
  const stop = doorbells.listen();
  const abort = new AbortController();
  const heard: string[] = [];
  const endings: string[] = [];
  const warnings: unknown[] = [];
  const log = { debug: () => {}, info: () => {}, warn: (details: object) => warnings.push(details), error: () => {} };
  const done = pump({
    sessions: wrapped(client.sessions),
    doorbells,
    client: "ci",
    name: "api",
    holder: "h",
    mayHear: () => true,
    send: (message) => {
      const { params } = message as { params: { content: string; meta: { again?: string } } };
      heard.push(params.meta.again === undefined ? params.content : `${params.content} again`);
      return true;
    },
    fence: async () => true,
    onSettled: (ending, count) => endings.push(`${count} ${ending}`),
    log,
    times: { lookMs: 20, retryMs: 10 },
    signal: abort.signal,
    registered: () => new Promise(() => {}),
    ...more,
  });
  const end = async () => {
    abort.abort();
    await done;
    stop();
    await client.close();
  };
  ends.push(end);
  return { heard, endings, warnings, end };
}

const session = () => talk.bridge.channel.sessions.list("ci").find(({ name }) => name === "api");

async function bound(): Promise<void> {
  await until("api is here", () => session()?.state === "here");
  talk.says("/bind api");
  await talk.tells(1, "api hears what is said here");
}

describe("what is handed over to one connection", () => {
  test("comes as soon as the lease of a holder that is gone runs out, however seldom it is looked for that", async () => {
    const { sessions } = talk.bridge.channel;
    const gone = { client: "ci", name: "api", holder: "gone" };
    await sessions.register({ ...gone, take_over: false });
    const { generation } = await sessions.listen(gone);
    await bound();
    const { heard } = connection({ times: { lookMs: 3_600_000, retryMs: 10 } });
    await until("it is told that the name is taken", () => heard.length === 1);
    await sessions.listen({ ...gone, generation, lease_seconds: 1 });
    talk.says("hello");
    await until("it hears", () => heard.includes("hello"));
  });

  test("is settled when the bridge is back, and comes once", async () => {
    let refused = 0;
    const { heard, endings } = connection({
      sessions: (calls) => ({
        ...calls,
        settle: (request) => (refused++ < 3 ? Promise.reject(away()) : calls.settle(request)),
      }),
    });
    await bound();
    talk.says("hello");
    await until("it is settled", () => endings.length > 0);
    talk.says("and on");
    await until("the next one is settled", () => endings.length > 1);
    expect(refused).toBe(5);
    expect(heard).toEqual(["hello", "and on"]);
    expect(endings).toEqual(["1 read", "1 read"]);
  });

  test("comes once, though the bridge restarts between the event and its confirmation", async () => {
    const written = Promise.withResolvers<void>();
    const confirmed = Promise.withResolvers<boolean>();
    const { heard, endings } = connection({
      fence: () => {
        written.resolve();
        return confirmed.promise;
      },
    });
    await bound();
    talk.says("hello");
    await written.promise;
    await talk.restart();
    confirmed.resolve(true);
    await until("it is settled", () => endings.length > 0);
    talk.says("and on");
    await until("the next one is settled", () => endings.length > 1);
    expect(heard).toEqual(["hello", "and on"]);
    expect(session()?.waiting).toBe(0);
  });

  test("stays open when its connection ends first, and comes again, marked, on the next one", async () => {
    const written = Promise.withResolvers<void>();
    const first = connection({
      fence: (signal) => {
        written.resolve();
        return new Promise((resolve) => signal.addEventListener("abort", () => resolve(true), { once: true }));
      },
    });
    await bound();
    for (const text of ["one", "two"]) talk.says(text);
    await written.promise;
    await first.end();
    expect(first.endings).toEqual([]);
    const second = connection();
    await until("all is settled", () => session()?.waiting === 0);
    expect(first.heard.concat(second.heard).map((text) => text.replace(" again", ""))).toEqual(
      first.heard.length === 1 ? ["one", "one", "two"] : ["one", "two", "one", "two"],
    );
    expect(second.heard.slice(0, first.heard.length).every((text) => text.endsWith(" again"))).toBe(true);
  });

  test("is all that waits, in order, more than one page of it", async () => {
    const before = await talk.bound("api");
    await before.call("/sessions/leave");
    const texts = Array.from({ length: 45 }, (_, index) => `message ${index}`);
    for (const text of texts) talk.says(text);
    await until("all wait", () => session()?.waiting === texts.length);
    const { heard, endings } = connection();
    await until("all is settled", () => session()?.waiting === 0);
    expect(heard).toEqual(texts);
    expect(endings.length).toBeGreaterThan(1);
  });

  test("goes to the newest connection of a session alone", async () => {
    const first = connection();
    await bound();
    const second = connection();
    await until("the second listens", async () => {
      talk.says("hello");
      await until("it is settled", () => session()?.waiting === 0);
      return second.heard.length > 0;
    });
    const before = first.heard.length;
    talk.says("to the newest");
    await until("it has heard", () => second.heard.includes("to the newest"));
    expect(first.heard).toHaveLength(before);
  });

  test("waits for a bridge that refuses, and says so once in a while", async () => {
    let refusals = 0;
    const quota = () => new ServerError("CLIENT_QUOTA_EXCEEDED", { reason: "100 sessions", retry_after: 60 });
    const { warnings, heard } = connection({
      sessions: (calls) => ({
        ...calls,
        register: (request) => (refusals++ < 2 ? Promise.reject(quota()) : calls.register(request)),
      }),
    });
    await bound();
    talk.says("hello");
    await vi.waitFor(() => expect(heard).toEqual(["hello"]));
    expect(warnings).toHaveLength(2);
  });
});
