import { afterEach, beforeEach, expect, test } from "vitest";
import type { Received } from "../../telegram/received.ts";
import { startTelegram, type TelegramServer } from "../../telegram/telegram.ts";
import {
  bridgeFor,
  configFor,
  eventOf,
  type Overrides,
  type Scratch,
  scratch,
  type TestBridge,
  TOKEN,
  until,
} from "./support.ts";

const ANNA = 1;
const OTHER_TOKEN = "987654321:AAabcdefghijklmnopqrstuvwxyz0123456";

let directory: Scratch;
let elsewhere: Scratch;
let telegram: TelegramServer;

beforeEach(async () => {
  [directory, elsewhere] = await Promise.all([scratch(), scratch()]);
  telegram = await startTelegram({ limits: false });
});

afterEach(async () => {
  await telegram.close();
  await directory[Symbol.asyncDispose]();
  await elsewhere[Symbol.asyncDispose]();
});

function open(path: string, overrides: Overrides = {}): Promise<TestBridge> {
  const rates = { messagesPerSecond: 1_000, messagesPerChatPerSecond: 1_000 };
  const fields = { allowedUsers: [ANNA], updates: { mode: "Polling" } as const, ...rates, ...overrides.telegram };
  return bridgeFor(configFor(path, telegram.url, { ...overrides, telegram: fields }));
}

/** Every request to Telegram of the bridge's bot, whatever the method. */
async function requests(): Promise<readonly Received[]> {
  const all = (await (await fetch(`${telegram.url}/requests`)).json()) as readonly Received[];
  return all.filter(({ bot }) => bot === Number(TOKEN.split(":")[0]));
}

/** The bot has been there before, so what people say to it waits at Telegram. */
async function openedBefore(): Promise<void> {
  await using bridge = await open(directory.path);
  await until("readiness", () => bridge.obstacles().length === 0);
}

/** Another bridge, with another bot, has sent a message in the meantime: there was time enough to send. */
async function otherBridgeDelivers(): Promise<void> {
  await using other = await open(elsewhere.path, { telegram: { token: OTHER_TOKEN } });
  await other.accept(eventOf("elsewhere"));
  await until("the other bridge's message", () =>
    telegram.delivered().some(({ text }) => text?.includes("Event elsewhere")),
  );
}

test("a fenced bridge asks Telegram nothing, keeps what it accepts, and is ready", async () => {
  await openedBefore();
  const before = (await requests()).length;
  telegram.control({ says: [{ from: { id: ANNA }, text: "are you there?" }] });
  const fenced = await open(directory.path, { isFenced: true });
  expect(await fenced.accept(eventOf("a"))).toMatchObject({
    messages: 1,
    warnings: [expect.stringMatching(/^The message is kept: the bridge is fenced by its operator/)],
  });
  await fenced.accept(eventOf("b", { type: "approval_request", data: { options: ["Yes"] } }));
  await fenced.attention.setModes({ client: "claude", mode: "local" });
  const who = { client: "claude", name: "api" };
  await fenced.channel.sessions.register({ ...who, holder: "h", take_over: false });
  fenced.channel.bindings.bind({ chatId: ANNA, session: 1, by: ANNA, at: 0, made: false });
  const reaction = { ...who, chat_id: ANNA, message_id: 1, emoji: "👍" };
  await expect(fenced.channel.speaking.react(reaction)).rejects.toMatchObject({ reason: "telegram_unreachable" });
  expect(fenced.obstacles()).toEqual([]);
  expect((await fetch(`${fenced.url}/health/ready`)).status).toBe(200);
  expect(fenced.status()).toMatchObject({
    fenced: true,
    health: "degraded",
    telegram: { reachable: false, error: expect.stringContaining("fenced") },
    receiving: { mode: "Polling", receiving: false, other_consumer: false },
    queue: { usable: true },
  });
  expect(fenced.eventStatus("a", "tester")).toMatchObject({
    state: "waiting",
    waiting: { reason: expect.stringContaining("the bridge is fenced") },
  });
  expect(await fenced.metric("cctelegram_delivery_paused")).toBe(1);
  expect(await fenced.metric("cctelegram_updates_silence_seconds")).toBe(0);
  await otherBridgeDelivers();
  await fenced.close();
  expect(before).toBeGreaterThan(0);
  expect(await requests()).toHaveLength(before);
});

test("when it is open again everything goes out in order, and what people said in the meantime is heard", async () => {
  await openedBefore();
  const first = await open(directory.path, { isFenced: true });
  const { fenced_since: since } = first.status();
  await first.accept(eventOf("a"));
  await first.close();
  const fenced = await open(directory.path, { isFenced: true });
  // It is the same fence after a restart.
  expect(fenced.status()).toMatchObject({ fenced: true, fenced_since: since });
  expect(fenced.monitoring.state()).toMatchObject({ fenced: { since } });
  expect(fenced.control.state()).toMatchObject({ fenced: { since } });
  await fenced.accept(eventOf("b"));
  telegram.control({ says: [{ from: { id: ANNA }, text: "are you there?" }] });
  await fenced.close();

  await using bridge = await open(directory.path);
  await until("both", () => telegram.delivered().length === 2);
  expect(telegram.delivered().map(({ text }) => text?.split("\n")[0])).toEqual(["ℹ️ Event a", "ℹ️ Event b"]);
  await until("the response", () => bridge.countResponses({ since: 0, limit: 1 }) === 1);
  for (const told of [bridge.status(), bridge.monitoring.state(), bridge.control.state()])
    expect(told).not.toHaveProperty("fenced");
  await bridge.close();
  await using again = await open(directory.path, { isFenced: true });
  expect(Date.parse(again.status().fenced_since ?? "")).toBeGreaterThan(Date.parse(since ?? ""));
});

test("a fenced bridge does not take Telegram's calls, which come again later", async () => {
  const updates = { mode: "Webhook", url: "https://bot.example.com/telegram/updates" } as const;
  await using fenced = await open(directory.path, { isFenced: true, telegram: { updates } });
  const answer = await fetch(`${fenced.url}/telegram/updates`, { method: "POST", body: "{}" });
  expect(answer.ok).toBe(false);
});
