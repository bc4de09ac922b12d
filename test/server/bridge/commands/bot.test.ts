import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { UpdatesConfig } from "../../../../server/bridge/config.ts";
import { startTelegram, type TelegramServer } from "../../../telegram/telegram.ts";
import { auditOf } from "../../support/audit.ts";
import { requestFor } from "../approvals/support.ts";
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
} from "../support.ts";

const ANNA = { id: 1, first_name: "Anna" };
const BEN = { id: 2, first_name: "Ben" };
const MALLORY = { id: 66, first_name: "Mallory" };
const GROUP = -5;
const BOT = "test_123456789_bot";
const POLLING: UpdatesConfig = { mode: "Polling", pollSeconds: 1 };

let telegram: TelegramServer;
let directory: Scratch;
let bridge: TestBridge | undefined;

beforeEach(async () => {
  telegram = await startTelegram();
  directory = await scratch();
});

afterEach(async () => {
  await bridge?.close();
  bridge = undefined;
  await telegram.close();
  await directory[Symbol.asyncDispose]();
});

async function start({ telegram: more, ...overrides }: Overrides = {}): Promise<TestBridge> {
  const people = { allowedUsers: [1, 2], updates: POLLING, ...more };
  const started = await bridgeFor(configFor(directory.path, telegram.url, { ...overrides, telegram: people }));
  bridge = started;
  await until("Telegram's answer", () => started.status().telegram.reachable);
  return started;
}

const says = (text: string, from = ANNA, chat_id = from.id) => telegram.control({ says: [{ from, text, chat_id }] });
const told = (chat: number) =>
  telegram
    .delivered()
    .filter(({ chat_id }) => chat_id === chat)
    .map(({ text = "" }) => text);
const tells = (chat: number, part: string) =>
  until(`"${part}" in ${chat}`, () => told(chat).some((text) => text.includes(part)));
const audited = () => (bridge?.log ?? []).map((line) => JSON.parse(line)).filter(({ msg }) => msg === "command given");

describe("the bot's commands", () => {
  test("are answered, are no responses, and are in the log with the person", async () => {
    const { responses, todos, metric } = await start();
    await todos.register({
      client: "claude",
      session_id: "default",
      todos: [{ id: "1", content: "paint it", status: "pending" }],
    });
    says("/start ref-7");
    await tells(1, "1 is your Telegram id");
    says("/help");
    await tells(1, "/todo [client]");
    says("/STATUS");
    await tells(1, "The bridge is healthy");
    says("/todo Claude");
    await tells(1, "📋 paint it");
    says("/tasks nobody");
    await tells(1, "No client called nobody");
    says("/queue");
    await tells(1, "Nothing waits");
    says("/reboot now");
    await tells(1, "There is no command /reboot. /help");
    says("a word, and /status in it");
    await until("the response", () => responses({ since: 0, limit: 10 }).length === 1);
    says("/etc/passwd is a path");
    await until("the path", () => responses({ since: 0, limit: 10 }).length === 2);
    expect(responses({ since: 0, limit: 10 }).map(({ text }) => text)).toEqual([
      "/etc/passwd is a path",
      "a word, and /status in it",
    ]);
    expect(audited().map(({ command, outcome, user_id, chat_id }) => [command, outcome, user_id, chat_id])).toEqual([
      ["start", "answered", 1, 1],
      ["help", "answered", 1, 1],
      ["status", "answered", 1, 1],
      ["todo", "answered", 1, 1],
      ["tasks", "answered", 1, 1],
      ["queue", "answered", 1, 1],
      ["unknown", "unknown", 1, 1],
    ]);
    expect(await metric("cctelegram_updates_total", { kind: "command" })).toBe(7);
    expect(telegram.violations()).toEqual([]);
  });

  test("set the mode of the person who gives them, in co8/cctelegram's words, too, and of nobody else", async () => {
    const { attention, accept } = await start({ telegram: { messagesPerChatPerSecond: 30 } });
    telegram.control({ limits: false });
    says("/mute");
    await tells(1, "🔇 Muted: only approvals come");
    expect([attention.modeOf(1), attention.modeOf(2)]).toEqual(["muted", "nomad"]);
    await accept(eventOf("e1"));
    await tells(2, "Event e1");
    says("/cct:local");
    await tells(1, "🏠 Local mode");
    says(`/cct:nomad@${BOT}`);
    await tells(1, "🧳 Nomad mode");
    says("/unmute");
    await until("the second", () => told(1).filter((text) => text.includes("Nomad")).length === 2);
    expect(attention.modeOf(1)).toBe("nomad");
    expect(told(1).some((text) => text.includes("Event e1"))).toBe(false);
  });

  test("tell what waits for a decision, with who asks and the time that is left", async () => {
    const { approvals } = await start();
    says("/approvals");
    await tells(1, "Nothing waits for a decision");
    await approvals.ask(requestFor("d1", { approvers: [2], required_approvals: 1 }));
    says("/approvals");
    await tells(1, "• Deploy to production? (ci), ");
  });

  test("stop delivery and let it go on, and restart the bridge: for administrators alone", async () => {
    const { accept, control, status } = await start({ telegram: { admins: [2], messagesPerChatPerSecond: 30 } });
    telegram.control({ limits: false });
    says("/bridge");
    await tells(1, "Messages are delivered");
    says("/bridge stop");
    await tells(1, "Only administrators of this bot may stop delivery");
    says("/restart");
    await tells(1, "Only administrators of this bot may use that command");
    expect(control.paused).toBeUndefined();
    says("/bridge stop", BEN);
    await tells(2, "Delivery is stopped");
    expect(control.paused).toMatchObject({ by: "the person 2" });
    await accept(eventOf("e1"));
    says("/bridge stop", BEN);
    await tells(2, "It is so already.");
    says("/bridge now", BEN);
    await tells(2, "After /bridge there may be stop or start.");
    expect(status().queue.pending).toBe(2);
    says("/bridge start", BEN);
    await tells(2, "Event e1");
    expect(control.paused).toBeUndefined();
    says("/restart", BEN);
    await until("the restart", () => bridge!.log.some((line) => line.includes("a restart was asked for")));
  });

  test("of somebody who is not on the list tell nothing but the id for the administrator", async () => {
    const { todos } = await start();
    await todos.register({
      client: "claude",
      session_id: "default",
      todos: [{ id: "1", content: "paint it", status: "pending" }],
    });
    says("/todo", MALLORY);
    says("/status", MALLORY);
    await tells(66, "You are not on the list");
    says("/todo", ANNA);
    await tells(1, "paint it");
    expect(told(66)).toHaveLength(1);
    expect(audited()).toHaveLength(1);
  });

  test("in a group count with this bot's name, and tell there what the group gets anyway", async () => {
    await start({ telegram: { allowedUsers: [1, 2, GROUP], messagesPerChatPerSecond: 1 } });
    says(`/status@other_bot`, ANNA, GROUP);
    says("/queue", ANNA, GROUP);
    says(`/help@${BOT.toUpperCase()}`, ANNA, GROUP);
    says(`/status@${BOT}`, ANNA, GROUP);
    await tells(GROUP, "The bridge is healthy");
    expect(told(GROUP).map((text) => text.split("\n")[0])).toEqual(["Commands", "💚 The bridge is healthy"]);
    says(`/status@other_bot`);
    says(`/status@${BOT}`, BEN);
    await tells(2, "The bridge is healthy");
    expect(told(1)).toEqual([]);
    expect(audited()).toHaveLength(3);
  });

  test("in a group are known by the bot's name, also those that waited for the bridge to start", async () => {
    await start();
    await bridge?.close();
    says(`/start@${BOT}`, ANNA, GROUP);
    telegram.control({ faults: [{ kind: "delay", method: "getMe", ms: 300, times: 10 }] });
    await start();
    await tells(GROUP, "1 is your Telegram id");
  });

  test("tell nothing in a group that gets no messages: others read along there", async () => {
    const { todos } = await start();
    await todos.register({
      client: "claude",
      session_id: "default",
      todos: [{ id: "1", content: "secret", status: "pending" }],
    });
    says(`/todo@${BOT}`, ANNA, GROUP);
    await tells(GROUP, "Ask me in our private chat");
    says(`/start@${BOT}`, ANNA, GROUP);
    await tells(GROUP, "1 is your Telegram id");
    expect(told(GROUP).join()).not.toContain("secret");
    expect(audited().map(({ outcome }) => outcome)).toEqual(["elsewhere", "answered"]);
  });

  test("that answer a message of the bot are responses to its event: programs have commands of their own", async () => {
    const { accept, responses, eventStatus } = await start({ telegram: { allowedUsers: [1] } });
    await accept(eventOf("e1"));
    await until("the delivery", () => eventStatus("e1", "tester").state === "sent");
    const { message_id = 0 } = telegram.delivered()[0]!;
    telegram.control({ says: [{ from: ANNA, text: "/compact", reply_to: message_id }] });
    await until("the response", () => responses({ since: 0, limit: 1 }).length === 1);
    expect(responses({ since: 0, limit: 1 })[0]).toMatchObject({ text: "/compact", event_id: "e1" });
    telegram.control({ says: [{ from: ANNA, text: `/queue@${BOT}`, reply_to: message_id }] });
    await tells(1, "Nothing waits");
    expect(responses({ since: 0, limit: 10 })).toHaveLength(1);
  });

  test("are answered although the queue is full", async () => {
    const { accept, control, status } = await start({ queueSizeLimit: 3, telegram: { allowedUsers: [1] } });
    await control.pause("ops");
    for (const id of ["a", "b", "c"]) await accept(eventOf(id));
    expect(status().queue.pending).toBe(3);
    says("/queue");
    await tells(1, "messages wait, the oldest for");
    expect(told(1).find((text) => text.includes("oldest"))).toContain("• tester: ");
  });

  test("a thousand of one person are answered a few at a time, and delay nobody else", async () => {
    const { accept, metric, status } = await start();
    telegram.control({ says: Array.from({ length: 1_000 }, (_, n) => ({ from: ANNA, text: `/status ${n}` })) });
    await until("all of them", async () => (await metric("cctelegram_updates_total", { kind: "command" })) === 1_000);
    expect(status().queue.pending).toBeLessThanOrEqual(5);
    const outcomes = audited().map(({ outcome }) => outcome);
    expect(auditOf(bridge?.log ?? []).map(({ decision, result }) => [decision, result])).toEqual(
      outcomes.map((outcome) => ["command", outcome]),
    );
    expect(outcomes).toHaveLength(1_000);
    expect(outcomes.filter((outcome) => outcome === "answered").length).toBeLessThanOrEqual(5 + told(1).length);
    says("/queue", BEN);
    await tells(2, "message");
    await accept(eventOf("e1"));
    await tells(1, "Event e1");
    await tells(1, "You ask faster than Telegram lets a bot answer");
    await until("silence", () => status().queue.pending === 0);
    says("/help");
    await tells(1, "Commands");
    expect(telegram.violations()).toEqual([]);
  });
});

describe("the menu of the bot's commands", () => {
  const menu = () => telegram.calls("setMyCommands");
  const names = (index: number) =>
    (menu()[index]!.parameters!.commands as { command: string }[]).map(({ command }) => command);

  test("is told to Telegram once, and not again by a bridge that finds it there", async () => {
    await start();
    await until("the menu", () => menu().length === 1);
    const all =
      "status queue approvals tasks todo sessions bind unbind mute unmute local bridge restart pair unpair help start";
    expect(names(0)).toEqual(all.split(" "));
    await bridge?.close();
    await start();
    await until("the question", () => telegram.calls("getMyCommands").length === 2);
    says("/help");
    await tells(1, "Commands");
    expect(menu()).toHaveLength(1);
    expect(telegram.violations()).toEqual([]);
  });

  test("is told again until Telegram takes it, and not before it wants to be asked", async () => {
    telegram.control({
      faults: [
        { kind: "status", method: "getMyCommands", status: 502, times: 1 },
        { kind: "rate_limit", method: "setMyCommands", seconds: 2, times: 1 },
      ],
    });
    await start();
    await until("the menu", () => menu().some(({ status }) => status === 200));
    const [first, second] = menu();
    expect((second?.steady ?? 0) - (first?.steady ?? 0)).toBeGreaterThanOrEqual(2_000);
    expect(bridge?.log.join("")).toContain("Telegram was not told the bot's commands yet");
  });

  test("is told to another bot when the token changes", async () => {
    const tokenFile = join(directory.path, "token");
    writeFileSync(tokenFile, TOKEN);
    await start({ telegram: { tokenFile } });
    await until("the menu", () => menu().length === 1);
    writeFileSync(tokenFile, TOKEN.replace("123456789", "987654321"));
    await until("the other menu", () => menu().length === 2);
  });

  test("is left alone by a bridge that hears nobody", async () => {
    await start({ telegram: { updates: { mode: "None" } } });
    const { accept } = bridge!;
    await accept(eventOf("e1"));
    await tells(1, "Event e1");
    expect(menu()).toEqual([]);
    expect(telegram.calls("getMyCommands")).toEqual([]);
  });
});
