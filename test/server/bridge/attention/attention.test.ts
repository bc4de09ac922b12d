import { describe, expect, test } from "vitest";
import { httpBridgeClient } from "../../../../server/bridge-client/http-bridge-client.ts";
import { startTelegram } from "../../../telegram/telegram.ts";
import {
  bridgeFor,
  configFor,
  eventOf,
  type Overrides,
  SECRET,
  scratch,
  signedFetch,
  type TestBridge,
  until,
} from "../support.ts";

const ANNA = 1;
const BERT = 2;
const GROUP = -5;

async function stage(overrides: Overrides = {}) {
  const directory = await scratch();
  const telegram = await startTelegram({ limits: false });
  const rates = { messagesPerSecond: 1_000, messagesPerChatPerSecond: 1_000 };
  const config = configFor(directory.path, telegram.url, {
    ...overrides,
    telegram: { allowedUsers: [ANNA, BERT], ...rates, ...overrides.telegram },
  });
  let bridge = await bridgeFor(config);
  const ready = () => until("readiness", () => bridge.obstacles().length === 0);
  await ready();
  return {
    telegram,
    get bridge(): TestBridge {
      return bridge;
    },
    async again() {
      await bridge.close();
      bridge = await bridgeFor(config);
      await ready();
    },
    /** What a chat got, each with whether it made a sound. */
    heard: (chat: number) =>
      telegram
        .delivered()
        .filter(({ chat_id }) => chat_id === chat)
        .map(({ text, disable_notification }) => [
          text?.split("\n")[0],
          disable_notification === true ? "silent" : "sound",
        ]),
    settled: () => until("an empty queue", () => bridge.status().queue.pending === 0),
    [Symbol.asyncDispose]: async () => {
      await bridge.close();
      await telegram.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

const approval = (id: string) =>
  eventOf(id, { type: "approval_request", data: { approval_prompt: "May I?", options: ["Approve", "Deny"] } });

describe("modes of people", () => {
  test("until somebody sets one every message makes a sound", async () => {
    await using s = await stage();
    expect(s.bridge.attention.modeOf(ANNA)).toBe("nomad");
    expect(await s.bridge.accept(eventOf("a"))).toEqual({ event_id: "a", messages: 2, duplicate: false });
    await s.settled();
    expect(s.heard(ANNA)).toEqual([["ℹ️ Event a", "sound"]]);
  });

  test("muted: only approvals come, silently; the sender is warned, the event says so, and it is counted", async () => {
    await using s = await stage();
    await s.bridge.attention.setModes({ client: "claude", mode: "muted", user_ids: [ANNA] });
    const accepted = await s.bridge.accept(eventOf("a"));
    expect(accepted).toMatchObject({ messages: 1, warnings: [expect.stringMatching(/^Not everybody gets/)] });
    expect(await s.bridge.accept(eventOf("a"))).toEqual({ ...accepted, duplicate: true });
    expect((await s.bridge.accept(approval("b"))).warnings).toBeUndefined();
    await s.settled();
    expect(s.heard(ANNA).slice(1)).toEqual([["🔐 Event b", "silent"]]);
    expect(s.heard(BERT)).toEqual([
      ["ℹ️ Event a", "sound"],
      ["🔐 Event b", "sound"],
    ]);
    expect(s.bridge.eventStatus("a", "tester")).toMatchObject({
      state: "sent",
      messages: { total: 2, sent: 1, waiting: 0, refused: 0 },
      muted: { messages: 1, reason: expect.stringContaining("muted") },
    });
    expect(s.bridge.eventStatus("b", "tester")).not.toHaveProperty("muted");
    expect(s.bridge.status().metrics.events_processed).toBe(2);
    expect(await s.bridge.metric("cctelegram_messages_muted_total")).toBe(1);
  });

  test("when everybody has muted the bot an event is accepted, and goes to nobody", async () => {
    await using s = await stage();
    await s.bridge.attention.setModes({ client: "claude", mode: "muted" });
    expect(await s.bridge.accept(eventOf("a"))).toMatchObject({
      messages: 0,
      duplicate: false,
      warnings: [expect.stringMatching(/^Nobody gets/)],
    });
    expect(s.bridge.eventStatus("a", "tester")).toMatchObject({
      messages: { total: 2, sent: 0, waiting: 0, refused: 0 },
      muted: { messages: 2 },
    });
  });

  test("who mutes the bot hears nothing of what waits already, in its order and without a request", async () => {
    await using s = await stage({ telegram: { allowedUsers: [ANNA] } });
    await s.bridge.control.pause("ops");
    await s.bridge.accept(eventOf("a"));
    await s.bridge.accept(approval("b"));
    await s.bridge.accept(eventOf("c"));
    await s.bridge.attention.setModes({ client: "claude", mode: "muted" });
    await s.bridge.control.resume("ops");
    await s.settled();
    expect(s.heard(ANNA).slice(1)).toEqual([["🔐 Event b", "silent"]]);
    expect(s.bridge.eventStatus("a", "tester")).toMatchObject({
      state: "sent",
      messages: { total: 1, sent: 0, waiting: 0 },
      muted: { messages: 1 },
    });
    expect(await s.bridge.metric("cctelegram_messages_muted_total")).toBe(2);
    await s.bridge.attention.setModes({ client: "claude", mode: "nomad" });
    await s.bridge.accept(eventOf("d"));
    await s.settled();
    expect(s.heard(ANNA).at(-1)).toEqual(["ℹ️ Event d", "sound"]);
  });

  test("local: results and failures make a sound, the rest comes silently", async () => {
    await using s = await stage({ telegram: { allowedUsers: [ANNA] } });
    await s.bridge.attention.setModes({ client: "claude", mode: "local" });
    await s.bridge.accept(eventOf("a"));
    await s.bridge.accept(eventOf("b", { type: "build_failed" }));
    await s.settled();
    expect(s.heard(ANNA).slice(1)).toEqual([
      ["ℹ️ Event a", "silent"],
      ["❌ Event b", "sound"],
    ]);
  });

  test("a person is told who has set the mode, once, and by no imitation of it", async () => {
    await using s = await stage({ telegram: { allowedUsers: [ANNA] } });
    await s.bridge.attention.setModes({ client: "claude", mode: "muted" });
    await s.bridge.attention.setModes({ client: "claude", mode: "muted" });
    await s.settled();
    await s.bridge.attention.setModes({ client: "a\nb", mode: "local" });
    await s.settled();
    expect(s.telegram.delivered().map(({ text }) => text)).toEqual([
      expect.stringMatching(/^🔇 Muted: only approvals come.*\nSet by claude\.$/),
      expect.stringMatching(/\nSet by a b\.$/),
    ]);
  });

  test("a group has no mode: it is always told", async () => {
    await using s = await stage({
      telegram: { allowedUsers: [ANNA, GROUP], quietHours: { start: "00:00", end: "24:00" } },
    });
    await s.bridge.attention.setModes({ client: "claude", mode: "muted" });
    await s.bridge.accept(eventOf("a"));
    await s.settled();
    expect(s.heard(GROUP)).toEqual([["ℹ️ Event a", "sound"]]);
  });

  test("they are there after a restart, as are a person's own quiet hours", async () => {
    await using s = await stage({ telegram: { quietHours: { start: "00:00", end: "24:00" }, timeZone: "Asia/Tokyo" } });
    await s.bridge.attention.setModes({ client: "claude", mode: "local", user_ids: [BERT] });
    await s.again();
    expect([s.bridge.attention.modeOf(ANNA), s.bridge.attention.modeOf(BERT)]).toEqual(["nomad", "local"]);
    await s.bridge.accept(eventOf("a"));
    await s.settled();
    expect(s.heard(ANNA)).toEqual([["ℹ️ Event a", "silent"]]);
  });

  test("only people of the list have one: a request with anybody else changes nothing", async () => {
    await using s = await stage({ telegram: { allowedUsers: [ANNA, GROUP] } });
    const client = httpBridgeClient({ url: s.bridge.url, secret: SECRET, timeoutMs: 5_000, clock: Date.now });
    await expect(
      client.attention.setModes({ client: "claude", mode: "muted", user_ids: [ANNA, 66] }),
    ).rejects.toMatchObject({ code: "UNKNOWN_PERSON", message: expect.stringContaining("66") });
    expect(s.bridge.attention.modeOf(ANNA)).toBe("nomad");
    expect(await client.attention.setModes({ client: "claude", mode: "muted" })).toEqual({
      mode: "muted",
      user_ids: [ANNA],
    });
    await client.close();
    expect(s.bridge.attention.modeOf(ANNA)).toBe("muted");
  });

  test("nobody without the secret sets one, and no request that is none", async () => {
    await using s = await stage();
    const url = `${s.bridge.url}/attention/mode`;
    const body = JSON.stringify({ client: "mallory", mode: "muted" });
    expect((await fetch(url, { method: "POST", body })).status).toBe(401);
    expect((await signedFetch(url, "POST", body, "another secret of at least 32 letters")).status).toBe(401);
    for (const wrong of [
      {},
      { mode: "muted" },
      { client: "c", mode: "loud" },
      { client: "c", mode: "muted", user_ids: [] },
      { client: "c", mode: "muted", user_ids: ["1"] },
    ]) {
      expect((await signedFetch(url, "POST", JSON.stringify(wrong))).status).toBe(400);
    }
    expect(s.bridge.attention.modeOf(ANNA)).toBe("nomad");
  });
});
