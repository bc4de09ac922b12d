import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Control } from "../../../telegram/control.ts";
import { eventOf } from "../support.ts";
import { holdTime, VirtualBridge } from "../virtual/virtual-bridge.ts";
import { requestFor } from "./support.ts";

const FLAT = -77;
const GROWN = -1_000_000_000_077;
const people = [1, 2];

beforeAll(holdTime);
afterAll(() => void vi.useRealTimers());

type Shown = { readonly chat: number; readonly text: string; readonly data: readonly string[] };

/** A group in which people are asked. */
async function stage() {
  const groups: NonNullable<Control["groups"]> = [
    { id: FLAT, type: "group" },
    { id: GROWN, type: "supergroup" },
  ];
  const pace = { messagesPerSecond: 30, messagesPerChatPerSecond: 1 };
  const telegram = { allowedUsers: [...people, FLAT], updates: { mode: "Polling" as const }, ...pace };
  const virtual = await VirtualBridge.start({ telegram }, (stand) => stand.control({ groups }));
  await virtual.pass(1_000);
  /** What Telegram shows, by the ids of messages. */
  const shown = () => {
    const all = new Map<number, Shown>();
    for (const { method, parameters, result } of virtual.telegram.answered) {
      if (result === undefined || !["sendMessage", "editMessageText"].includes(method)) continue;
      const id = Number((result as { message_id: number }).message_id);
      const markup = parameters.reply_markup as string | object | undefined;
      const { inline_keyboard: rows = [] } = (typeof markup === "string" ? JSON.parse(markup) : (markup ?? {})) as {
        inline_keyboard?: { callback_data: string }[][];
      };
      const data = rows.flat().map(({ callback_data }) => callback_data);
      all.set(id, { chat: Number(parameters.chat_id), text: String(parameters.text), data });
    }
    return all;
  };
  /** The messages with buttons of a chat. */
  const asked = (chat: number) => [...shown()].filter(([, each]) => each.chat === chat && each.data.length > 0);
  const press = async (person: number, chat: number, option: number) => {
    const [message_id, { data }] = asked(chat).at(-1)!;
    virtual.telegram.control({ presses: [{ from: { id: person }, chat_id: chat, message_id, data: data[option]! }] });
    await virtual.pass(10_000);
  };
  const texts = (chat: number) => [...shown().values()].filter((each) => each.chat === chat).map(({ text }) => text);
  return { virtual, asked, press, texts };
}

const grow: Control = { migrated: [[FLAT, GROWN]] };

test("what is asked in a group that becomes a supergroup is asked there again, once, with the votes, and decided there", async () => {
  const { virtual, asked, press, texts } = await stage();
  await using _ = virtual;
  const request = requestFor("a", { chats: [FLAT], required_approvals: 2, timeout_minutes: 60 });
  await virtual.bridge.approvals.ask(request);
  await virtual.pass(5_000);
  await press(1, FLAT, 0);
  virtual.telegram.control(grow);
  await virtual.pass(10_000);
  await virtual.crash();
  await virtual.pass(10_000);
  expect(asked(GROWN)).toHaveLength(1);
  expect(texts(GROWN)).toEqual([expect.stringContaining("1 of 2")]);
  await press(2, GROWN, 0);
  expect(virtual.bridge.approvals.approval("a", "ci")).toMatchObject({
    state: "decided",
    decision: { action: "approve" },
  });
  expect(asked(GROWN)).toEqual([]);
  expect(texts(GROWN)).toHaveLength(1);
  expect(virtual.bridge.status().queue.pending).toBe(0);
  expect(virtual.telegram.violations).toEqual([]);
});

test("a bridge that learns of it by a refused message asks again, too", async () => {
  const { virtual, asked, press } = await stage();
  await using _ = virtual;
  await virtual.bridge.approvals.ask(requestFor("a", { chats: [FLAT] }));
  await virtual.pass(5_000);
  virtual.telegram.control({ faults: [{ kind: "status", status: 409, method: "getUpdates", times: 100 }] });
  await virtual.pass(60_000);
  virtual.telegram.control(grow);
  await virtual.bridge.accept(eventOf("e1", { client: "ci" }));
  await virtual.pass(5_000);
  expect(asked(GROWN)).toHaveLength(1);
  virtual.telegram.heal();
  await virtual.pass(60_000);
  expect(asked(GROWN)).toHaveLength(1);
  await press(1, GROWN, 1);
  expect(virtual.bridge.approvals.approval("a", "ci")).toMatchObject({
    state: "decided",
    decision: { action: "deny" },
  });
  expect(asked(GROWN)).toEqual([]);
  expect(virtual.telegram.violations).toEqual([]);
});

test("an outcome that waits while the group becomes another one is told there, and changes no other message", async () => {
  const { virtual, asked, texts } = await stage();
  await using _ = virtual;
  await virtual.bridge.approvals.ask(requestFor("a", { chats: [FLAT], timeout_minutes: 1 }));
  await virtual.pass(5_000);
  virtual.telegram.control({ outage: true });
  await virtual.pass(60_000);
  virtual.telegram.control({ outage: false, ...grow });
  await virtual.pass(60_000);
  expect(texts(GROWN)).toEqual([expect.stringContaining("⌛ Expired")]);
  expect(asked(GROWN)).toEqual([]);
  const strayed = virtual.telegram.answered.filter(
    ({ method, parameters }) => method === "editMessageText" && Number(parameters.chat_id) === GROWN,
  );
  expect(strayed).toEqual([]);
  expect(virtual.telegram.violations).toEqual([]);
});
