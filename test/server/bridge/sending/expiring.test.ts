import { pino } from "pino";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { Breaker } from "../../../../server/bridge/pacing/breaker.ts";
import { Pacer } from "../../../../server/bridge/pacing/pacer.ts";
import type { NewEvent } from "../../../../server/bridge/queue/event.ts";
import type { OutgoingMessage, Settlement } from "../../../../server/bridge/queue/message.ts";
import { Delivery } from "../../../../server/bridge/sending/delivery.ts";
import { createBridgeMetrics } from "../../../../server/bridge/status/metrics.ts";
import { queueOn, scratch, until } from "../support.ts";

const MINUTE = 60_000;

async function stage() {
  const directory = await scratch();
  let now = 0;
  const path = `${directory.path}/queue.sqlite`;
  const limits = { total: { messages: 250, bytes: 2 ** 20 }, clientShare: 1 };
  const queue = queueOn({ path, limits, recipients: [1], now: () => now });
  const pacer = new Pacer({ messagesPerSecond: 1_000, messagesPerChatPerSecond: 1_000 });
  const reachability = { reachable: false, doubted: () => {}, succeeded: () => {}, refused: () => {} };
  const sent: string[] = [];
  const settled: { readonly id: string; readonly expired: number }[] = [];
  const outcomes: Settlement["kind"][] = [];
  const delivery = new Delivery({
    ...{ queue, pacer, reachability, mostFailures: undefined, breaker: new Breaker(5) },
    telegram: {
      send: async ({ text }: OutgoingMessage) => {
        sent.push(text);
        return { kind: "sent", telegramMessageId: sent.length } as const;
      },
    },
    attention: { decide: () => "sound" as const },
    metrics: createBridgeMetrics(new Registry(), () => {
      throw new Error("nobody reads the gauges");
    }),
    logger: pino({ level: "silent" }),
    onSettled: (event) => settled.push(event),
    onOutcome: (_message, { kind }) => outcomes.push(kind),
    onPause: () => {},
    onKeyboard: () => {},
    onProgress: () => {},
    now: () => now,
    random: () => 0,
  });
  const accept = async (id: string, expiresAt?: number, texts = [id], task?: NewEvent["task"]) => {
    const messages = texts.map((text, part) => ({ chatId: 1, part, text, entities: [] }));
    const stored = await queue.accept({ id, client: "a", acceptedAt: now, expiresAt, messages, task });
    delivery.add(stored.messages);
  };
  return {
    ...{ queue, delivery, sent, settled, outcomes, accept, reachability },
    pass: (ms: number) => {
      now += ms;
    },
    async pruned() {
      while (await delivery.prune());
    },
    [Symbol.asyncDispose]: async () => {
      await delivery.stop();
      await queue.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

test("what expires behind an outage or a stop leaves the queue without being asked for, and the rest keeps its order", async () => {
  await using s = await stage();
  await s.accept("first");
  await s.accept("short", MINUTE, ["short 1", "short 2"]);
  await s.accept("second");
  await s.accept("long", 2 * MINUTE + 1);
  await s.pruned();
  expect(s.queue.stats().pending).toBe(5);
  s.pass(MINUTE);
  await s.pruned();
  expect(s.queue.stats().pending).toBe(3);
  expect(s.settled).toMatchObject([{ id: "short", expired: 2 }]);
  expect(s.outcomes).toEqual(["expired", "expired"]);
  expect(s.queue.event("short", "a")).toMatchObject({ total: 2, waiting: 0, expired: 2, refused: 0 });
  s.pass(MINUTE);
  await s.pruned();
  expect(s.queue.stats().pending).toBe(3);
  s.reachability.reachable = true;
  s.delivery.wake();
  await until("the rest", () => s.queue.stats().pending === 0);
  expect(s.sent).toEqual(["first", "second", "long"]);
});

test("more of them than one batch all go, and there is room again", async () => {
  await using s = await stage();
  for (let n = 0; n < 250; n += 1) await s.accept(`e${n}`, MINUTE);
  await expect(s.accept("one too many")).rejects.toMatchObject({ reason: "queue_full" });
  s.pass(MINUTE);
  await s.pruned();
  expect(s.queue.stats().pending).toBe(0);
  await s.accept("there is room");
});

test("progress that takes the place of what expires in the same turn is sent", async () => {
  await using s = await stage();
  const build = { id: "build", phase: "progress" } as const;
  await s.accept("10 %", MINUTE, ["10 %"], build);
  s.pass(MINUTE);
  await Promise.all([s.accept("20 %", undefined, ["20 %"], build), s.pruned()]);
  expect(s.queue.event("10 %", "a")).toMatchObject({ replaced: 1, expired: 0 });
  s.reachability.reachable = true;
  s.delivery.wake();
  await until("the newer progress", () => s.queue.stats().pending === 0);
  expect(s.sent).toEqual(["20 %"]);
});
