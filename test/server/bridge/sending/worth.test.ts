import { describe, expect, test } from "vitest";
import { startTelegram } from "../../../telegram/telegram.ts";
import { bridgeFor, configFor, eventOf, type Overrides, scratch, until } from "../support.ts";

async function stage(overrides: Overrides = {}) {
  const directory = await scratch();
  const telegram = await startTelegram();
  const config = configFor(directory.path, telegram.url, overrides);
  let bridge = await bridgeFor(config);
  const titles = () => telegram.delivered().map(({ text }) => text?.split("\n")[0]?.replace(/^\S+ /, ""));
  return {
    get bridge() {
      return bridge;
    },
    titles,
    /** The bridge ends, and the next one starts so much later. */
    async later(seconds: number) {
      await bridge.close();
      bridge = await bridgeFor(config, () => Date.now() + seconds * 1_000);
    },
    delivered: (count: number) => until(`${count} messages`, () => telegram.delivered().length >= count),
    [Symbol.asyncDispose]: async () => {
      await bridge.close();
      await telegram.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

describe("priority", () => {
  test("what is urgent goes before what is normal and bulk, in one chat and in the order of its acceptance", async () => {
    await using s = await stage({ telegram: { messagesPerChatPerSecond: 20 } });
    await s.bridge.control.pause("ops");
    const accept = (id: string, priority?: "urgent" | "normal" | "bulk") =>
      s.bridge.accept(eventOf(id, { title: id, ...(priority && { priority }) }));
    for (const [id, priority] of [
      ["b1", "bulk"],
      ["n1", undefined],
      ["u1", "urgent"],
      ["n2", "normal"],
      ["u2", "urgent"],
    ] as const)
      await accept(id, priority);
    const depths = ["urgent", "normal", "bulk"].map((priority) =>
      s.bridge.metric("cctelegram_priority_queue_depth", { tier: "bridge", priority }),
    );
    expect(await Promise.all(depths)).toEqual([2, 2, 1]);
    await s.bridge.control.resume("ops");
    await s.delivered(5);
    expect(s.titles()).toEqual(["u1", "u2", "n1", "n2", "b1"]);
  });
});

describe("time to live", () => {
  test("what is over before it is sent is not sent, says so, and is counted; a request is not made for it", async () => {
    await using s = await stage({ telegram: { allowedUsers: [1, 2] } });
    await s.bridge.control.pause("ops");
    await s.bridge.accept(eventOf("short", { ttl_seconds: 600 }));
    await s.bridge.accept(eventOf("long", { ttl_seconds: 3_600 }));
    await s.bridge.accept(eventOf("ever"));
    await s.later(600);
    await s.bridge.control.resume("ops");
    await s.delivered(4);
    await until("the record", () => s.bridge.status().queue.pending === 0);
    expect(s.titles().filter((title) => title === "Event short")).toEqual([]);
    expect(s.bridge.eventStatus("short", "tester")).toMatchObject({
      state: "expired",
      messages: { total: 2, sent: 0, waiting: 0, refused: 0 },
      expired: 2,
    });
    expect(s.bridge.eventStatus("long", "tester")).toMatchObject({ state: "sent", messages: { sent: 2 } });
    expect(s.bridge.eventStatus("long", "tester")).not.toHaveProperty("expired");
    expect(await s.bridge.metric("cctelegram_messages_expired_total")).toBe(2);
  });

  test("that is over after the first of several messages does not keep the rest back", async () => {
    await using s = await stage({ telegram: { messagesPerChatPerSecond: 1 } });
    await s.bridge.accept(eventOf("parts", { description: "x".repeat(9_000), ttl_seconds: 600 }));
    await s.delivered(1);
    await s.later(600);
    await s.delivered(3);
    expect(s.bridge.eventStatus("parts", "tester")).not.toHaveProperty("expired");
  });
});

describe("what says the same", () => {
  test("is sent once within the window, and the answer names the one that was sent", async () => {
    await using s = await stage({ deduplicationMs: 600_000 });
    const same = { title: "Same", task_id: "build" };
    expect(await s.bridge.accept(eventOf("a", same))).toEqual({ event_id: "a", messages: 1, duplicate: false });
    const again = await Promise.all(["b", "c"].map((id) => s.bridge.accept(eventOf(id, same))));
    const answer = { event_id: "a", messages: 1, duplicate: true, warnings: [expect.stringMatching(/not sent again/)] };
    expect(again).toEqual([answer, answer]);
    expect(await s.bridge.accept(eventOf("d", { ...same, client: "other" }))).toMatchObject({ duplicate: false });
    expect(await s.bridge.accept(eventOf("e", { ...same, description: "other" }))).toMatchObject({ duplicate: false });
    await s.later(600);
    expect(await s.bridge.accept(eventOf("f", same))).toMatchObject({ event_id: "f", duplicate: false });
    await s.delivered(4);
  });

  test("is sent each time when there is no window", async () => {
    await using s = await stage();
    const same = { title: "Same", task_id: "build" };
    for (const id of ["a", "b"]) expect(await s.bridge.accept(eventOf(id, same))).toMatchObject({ duplicate: false });
    await s.delivered(2);
  });
});
