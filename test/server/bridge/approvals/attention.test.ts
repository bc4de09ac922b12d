import { afterEach, beforeEach, expect, test } from "vitest";
import { startTelegram, type TelegramServer } from "../../../telegram/telegram.ts";
import { bridgeFor, configFor, eventOf, type Scratch, scratch, type TestBridge, TOKEN, until } from "../support.ts";
import { ANNA, answers, edits, press, questionIn, requestFor } from "./support.ts";

let telegram: TelegramServer;
let directory: Scratch;
let bridge: TestBridge;

beforeEach(async () => {
  telegram = await startTelegram({ tokens: [TOKEN] });
  directory = await scratch();
  const updates = { mode: "Polling", pollSeconds: 1 } as const;
  const fast = { messagesPerChatPerSecond: 30, messagesPerSecond: 100 };
  bridge = await bridgeFor(
    configFor(directory.path, telegram.url, { telegram: { updates, allowedUsers: [1], ...fast } }),
  );
  telegram.control({ limits: false });
  await until("readiness", () => bridge.obstacles().length === 0);
});

afterEach(async () => {
  await bridge.close();
  await telegram.close();
  await directory[Symbol.asyncDispose]();
});

test("an approval comes to somebody who has muted the bot, without a sound, and can be decided", async () => {
  await bridge.attention.setModes({ client: "ci", mode: "muted" });
  expect(await bridge.approvals.ask(requestFor("d1"))).toMatchObject({ messages: 1 });
  await bridge.accept(eventOf("a"));
  const { message_id } = await questionIn(telegram, 1);
  expect(telegram.delivered().find((each) => each.message_id === message_id)).toMatchObject({
    disable_notification: true,
  });
  await press(telegram, ANNA, 0);
  await until("the edit", () => edits(telegram).length === 1);
  expect(bridge.approvals.approval("d1", "ci").state).toBe("decided");
  expect(bridge.eventStatus("d1", "ci")).not.toHaveProperty("muted");
  expect(telegram.delivered().some(({ text }) => text?.includes("Event a"))).toBe(false);
});

test("while delivery is stopped one that was asked before can be decided, and a new one waits, and its sender is warned", async () => {
  await bridge.approvals.ask(requestFor("d1"));
  await questionIn(telegram, 1);
  await bridge.control.pause("ops");
  expect(await bridge.approvals.ask(requestFor("d2"))).toMatchObject({
    messages: 1,
    warnings: [expect.stringMatching(/^The message is kept: .* by ops/)],
  });
  await press(telegram, ANNA, 0);
  await until("the answer to the press", () => answers(telegram).length === 1);
  await until("the edit", () => edits(telegram).length === 1);
  expect(bridge.approvals.approval("d1", "ci").state).toBe("decided");
  expect(bridge.eventStatus("d2", "ci")).toMatchObject({ state: "waiting" });
  await bridge.control.resume("ops");
  await until("the other question", () => bridge.eventStatus("d2", "ci").state === "sent");
});
