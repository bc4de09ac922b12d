import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { BridgeClient } from "../../../../server/bridge-client/bridge-client.ts";
import { httpBridgeClient } from "../../../../server/bridge-client/http-bridge-client.ts";
import { startTelegram, type TelegramServer } from "../../../telegram/telegram.ts";
import { threeTriesMs } from "../../support/fake-bridge.ts";
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
} from "../support.ts";

const ANNA = 1;

let directory: Scratch;
let telegram: TelegramServer;
let bridge: TestBridge;
let client: BridgeClient;

async function open(): Promise<void> {
  const rates = { messagesPerSecond: 1_000, messagesPerChatPerSecond: 1_000, updates: { mode: "Polling" } } as const;
  bridge = await bridgeFor(configFor(directory.path, telegram.url, { telegram: { allowedUsers: [ANNA], ...rates } }));
  await until("readiness", () => bridge.obstacles().length === 0);
  client = httpBridgeClient({ url: bridge.url, secret: SECRET, timeoutMs: 5_000, clock: Date.now });
}

beforeEach(async () => {
  directory = await scratch();
  telegram = await startTelegram({ limits: false });
  await open();
});

afterEach(async () => {
  await client.close();
  await bridge.close();
  await telegram.close();
  await directory[Symbol.asyncDispose]();
});

const delivered = () => telegram.delivered().map(({ text }) => text?.split("\n")[0]);

describe("stopped delivery", () => {
  test("keeps what is accepted, approvals too, and warns; a resume sends it in order", async () => {
    expect(await client.control.pause("claude")).toMatchObject({ changed: true, paused: { by: "claude" } });
    expect(await client.control.pause("other")).toMatchObject({ changed: false, paused: { by: "claude" } });
    const kept = { messages: 1, warnings: [expect.stringMatching(/^The message is kept: .* by claude; start_bridge/)] };
    expect(await bridge.accept(eventOf("a"))).toMatchObject(kept);
    expect(await bridge.accept(eventOf("b", { type: "approval_request", data: { options: ["Yes"] } }))).toMatchObject(
      kept,
    );
    expect(await bridge.accept(eventOf("c"))).toMatchObject(kept);
    expect(bridge.eventStatus("a", "tester")).toMatchObject({
      state: "waiting",
      waiting: { reason: expect.stringContaining("delivery is stopped since") },
    });
    // What comes by another way shows that there was time enough to send.
    telegram.control({ says: [{ from: { id: 66 }, text: "hello" }] });
    await until("the line to the stranger", () => telegram.delivered().length === 1);
    expect(telegram.delivered()[0]).toMatchObject({ chat_id: 66 });

    expect(await client.control.resume("other")).toMatchObject({ changed: true });
    expect(await client.control.resume("other")).not.toHaveProperty("paused");
    await until("all", () => telegram.delivered().length === 4);
    // An approval goes first, as always.
    expect(delivered().slice(1)).toEqual(["🔐 Event b", "ℹ️ Event a", "ℹ️ Event c"]);
  });

  test("what people say is heard meanwhile, and a person's own line goes out before what waits", async () => {
    await client.control.pause("claude");
    await bridge.accept(eventOf("a"));
    telegram.control({ says: [{ from: { id: ANNA }, text: "are you there?" }] });
    await until("the response", () => bridge.countResponses({ since: 0, limit: 1 }) === 1);
    await bridge.attention.setModes({ client: "claude", mode: "local" });
    await until("the line", () => telegram.delivered().length === 1);
    expect(telegram.delivered()[0]?.text).toContain("Local mode");
    await until("its settlement", () => bridge.status().queue.pending === 1);
  });

  test("is no fault: the bridge stays ready and healthy, and says since when and by whom, but not to strangers", async () => {
    await client.control.pause("claude");
    expect(bridge.obstacles()).toEqual([]);
    expect(bridge.status()).toMatchObject({ health: "healthy", paused: { by: "claude" } });
    expect((await client.status()).paused).toEqual(bridge.control.paused);
    expect(await bridge.metric("cctelegram_delivery_paused")).toBe(1);
    expect((await fetch(`${bridge.url}/health/ready`)).status).toBe(200);
    const health = await (await fetch(`${bridge.url}/health`)).text();
    expect(health).toContain(`"paused":{"since":"${bridge.control.paused?.since}"}`);
    expect(health).not.toContain("claude");
    await client.control.resume("claude");
    expect(await client.status()).not.toHaveProperty("paused");
    expect(await bridge.metric("cctelegram_delivery_paused")).toBe(0);
  });

  test("stays stopped over a restart, with the time at which it was stopped", async () => {
    await client.control.pause("claude");
    const { paused } = bridge.control;
    await bridge.accept(eventOf("a"));
    await client.close();
    await bridge.close();
    await open();
    expect(bridge.control.paused).toEqual(paused);
    await bridge.attention.setModes({ client: "claude", mode: "local" });
    await until("another line", () => telegram.delivered().length === 1);
    expect(delivered()).not.toContain("ℹ️ Event a");
    await client.control.resume("claude");
    await until("the message", () => delivered().includes("ℹ️ Event a"));
  });
});

describe("a restart", () => {
  test("is asked for once: a request that comes again, or for an instance that is gone, changes nothing", async () => {
    const { instance } = await client.control.state();
    const ask = async (which: string) => {
      const body = JSON.stringify({ client: "claude", instance: which });
      return (await signedFetch(`${bridge.url}/control/restart`, "POST", body)).json();
    };
    expect(await ask("another")).toEqual({ instance, changed: false });
    expect(bridge.log).not.toContain("restart");
    expect(await ask(instance)).toEqual({ instance, changed: true });
    expect(await ask(instance)).toEqual({ instance, changed: false });
    expect(bridge.log.filter((line) => line === "restart")).toHaveLength(1);
  });

  test("of a bridge that does not end is told as such", async () => {
    const impatient = httpBridgeClient({ url: bridge.url, secret: SECRET, timeoutMs: threeTriesMs, clock: Date.now });
    await expect(impatient.control.restart("claude")).rejects.toMatchObject({
      code: "BRIDGE_UNAVAILABLE",
      message: expect.stringContaining("has not ended yet"),
    });
    await impatient.close();
  });
});

test("nobody without the secret stops, resumes, restarts or asks, and no body that is none is taken", async () => {
  const { instance } = bridge.control.state();
  const body = JSON.stringify({ client: "mallory", instance });
  expect((await fetch(`${bridge.url}/control`)).status).toBe(401);
  for (const path of ["/control/pause", "/control/resume", "/control/restart"]) {
    const url = bridge.url + path;
    expect((await fetch(url, { method: "POST", body })).status).toBe(401);
    expect((await signedFetch(url, "POST", body, "another secret of at least 32 letters")).status).toBe(401);
    // The signature of one request is none of another.
    const headers = headersOf(`${bridge.url}/control`, "POST", body);
    expect((await fetch(url, { method: "POST", body, headers })).status).toBe(401);
    expect((await signedFetch(url, "POST", "{}")).status).toBe(400);
    expect((await signedFetch(url, "POST", JSON.stringify({ client: "x".repeat(101), instance }))).status).toBe(400);
  }
  expect(bridge.control.paused).toBeUndefined();
  expect(bridge.log).not.toContain("restart");
});
