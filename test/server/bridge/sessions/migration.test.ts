import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Control } from "../../../telegram/control.ts";
import { eventOf } from "../support.ts";
import { holdTime, VirtualBridge } from "../virtual/virtual-bridge.ts";

const FLAT = -77;
const GROWN = -1_000_000_000_077;
const api = { client: "ci", name: "api", holder: "one" };
const anna = { id: 1 };

beforeAll(holdTime);
afterAll(() => void vi.useRealTimers());

/** A session that hears a group, of which its bridge is an administrator. */
async function stage() {
  const groups: NonNullable<Control["groups"]> = [
    { id: FLAT, type: "group", bot: "administrator" },
    { id: GROWN, type: "supergroup", bot: "administrator", topics: [] },
  ];
  const telegram = { allowedUsers: [anna.id, FLAT], updates: { mode: "Polling" as const } };
  const virtual = await VirtualBridge.start({ telegram }, (stand) => stand.control({ groups }));
  await virtual.pass(1_000);
  const { sessions } = virtual.bridge.channel;
  await sessions.register({ ...api, take_over: false });
  const says = async (text: string, chat_id: number) => {
    virtual.telegram.control({ says: [{ from: anna, chat_id, text }] });
    await virtual.pass(1_000);
  };
  await says("/bind@test_123456789_bot api", FLAT);
  await virtual.pass(5_000);
  const hears = async () => {
    const { generation } = await virtual.bridge.channel.sessions.listen(api);
    return (await virtual.bridge.channel.sessions.next({ ...api, generation })).events;
  };
  return { virtual, says, hears };
}

test("what is said in a group that has become a supergroup reaches its session, also when the bot has said nothing there", async () => {
  const { virtual, says, hears } = await stage();
  await using _ = virtual;
  await says("before", FLAT);
  virtual.telegram.control({ migrated: [[FLAT, GROWN]] });
  await says("after", GROWN);
  const events = await hears();
  expect(events).toMatchObject([
    { content: "before", meta: { chat_id: `${GROWN}` } },
    { content: "after", meta: { chat_id: `${GROWN}` } },
  ]);
  // The supergroup has other messages under the ids of the group.
  expect(events[0]).not.toHaveProperty("meta.message_id");
  expect(virtual.bridge.channel.sessions.list("ci")[0]?.bound).toMatchObject([
    { chat_id: GROWN, topic: null },
    { chat_id: GROWN, made: true },
  ]);
  expect(virtual.telegram.violations).toEqual([]);
});

test("a session gets its topic in the supergroup, and its events to the group go there", async () => {
  const { virtual } = await stage();
  await using _ = virtual;
  const made = () => virtual.telegram.groups.get(GROWN)?.topics ?? [];
  expect(made()).toEqual([]);
  virtual.telegram.control({ migrated: [[FLAT, GROWN]] });
  await virtual.pass(1_000);
  expect(made()).toMatchObject([{ name: "api" }]);
  await virtual.bridge.accept(eventOf("e1", { client: "ci", session: "api" }));
  await virtual.pass(5_000);
  const { parameters } = virtual.telegram.answered.findLast((each) => Number(each.parameters.chat_id) === GROWN) ?? {};
  expect(parameters).toMatchObject({
    text: expect.stringContaining("Event e1"),
    message_thread_id: `${made()[0]?.id}`,
  });
});
