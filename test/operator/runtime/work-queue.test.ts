import { expect, test } from "vitest";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { WorkQueue } from "../../../operator/runtime/work-queue.ts";
import { ManualClock, settle } from "./manual-clock.ts";

function makeQueue() {
  const clock = new ManualClock();
  const metrics = createMetrics();
  const queue = new WorkQueue({ name: "test", clock, metrics });
  const signal = new AbortController().signal;
  const take = () => queue.get(signal);
  /** All keys that are available now, each done at once. */
  const drain = async () => {
    const keys: string[] = [];
    while (queue.length > 0) {
      const key = await take();
      if (key === undefined) break;
      keys.push(key);
      queue.done(key);
    }
    return keys;
  };
  return { clock, metrics, queue, take, drain };
}

test("a key added twice waits once, and keys come in order", async () => {
  const { queue, drain } = makeQueue();
  for (const key of ["a", "b", "a", "c", "b"]) queue.add(key);
  expect(queue.length).toBe(3);
  expect(await drain()).toEqual(["a", "b", "c"]);
});

test("a key added while it is worked on waits again when that is done, once", async () => {
  const { queue, take } = makeQueue();
  queue.add("a");
  expect(await take()).toBe("a");
  queue.add("a");
  queue.add("a");
  expect(queue.length).toBe(0);
  queue.done("a");
  expect(queue.length).toBe(1);
  expect(await take()).toBe("a");
  queue.done("a");
  expect(queue.length).toBe(0);
});

test("keys of low priority come after all others, and rise when they are added again", async () => {
  const { queue, drain } = makeQueue();
  for (const key of ["a", "b", "c"]) queue.add(key, { priority: "low" });
  queue.add("d");
  queue.add("b");
  queue.add("d", { priority: "low" });
  expect(await drain()).toEqual(["d", "b", "a", "c"]);
});

test("a waiting worker gets a key as soon as there is one, and undefined at the end", async () => {
  const { queue } = makeQueue();
  const stop = new AbortController();
  const first = queue.get(stop.signal);
  const second = queue.get(stop.signal);
  queue.add("a");
  expect(await first).toBe("a");
  stop.abort();
  expect(await second).toBeUndefined();
  expect(await queue.get(stop.signal)).toBeUndefined();
  queue.add("b");
  expect(queue.length).toBe(1);
});

test("of several delays the one that ends first counts", async () => {
  const { queue, clock } = makeQueue();
  queue.addAfter("a", 1000);
  queue.addAfter("a", 500);
  queue.addAfter("a", 2000);
  await clock.advance(499);
  expect(queue.length).toBe(0);
  await clock.advance(1);
  expect(queue.length).toBe(1);
  expect(clock.pending).toBe(0);
});

test("the backoff of a key doubles from 5 ms to 1000 s, and starts over after forget", async () => {
  const { queue, clock, drain } = makeQueue();
  const expectDelay = async (ms: number) => {
    queue.addRateLimited("a");
    await clock.advance(ms - 1);
    expect(await drain()).toEqual([]);
    await clock.advance(1);
    expect(await drain()).toEqual(["a"]);
  };
  for (const ms of [5, 10, 20, 40]) await expectDelay(ms);
  for (let failures = 4; failures < 18; failures += 1) await expectDelay(Math.min(5 * 2 ** failures, 1_000_000));
  await expectDelay(1_000_000);
  queue.forget("a");
  await expectDelay(5);
});

test("thousands of keys are had in order", async () => {
  const { queue, drain } = makeQueue();
  const keys = Array.from({ length: 5000 }, (_, index) => `key-${index}`);
  for (const key of keys) queue.add(key);
  expect(await drain()).toEqual(keys);
});

test("the metrics tell what waits, what runs and for how long", async () => {
  const { queue, clock, metrics, take } = makeQueue();
  queue.add("a");
  queue.add("b");
  await clock.advance(2000);
  await take();
  await clock.advance(3000);
  const text = await metrics.registry.metrics();
  expect(text).toContain('workqueue_depth{name="test"} 1');
  expect(text).toContain('workqueue_adds_total{name="test"} 2');
  expect(text).toContain('workqueue_retries_total{name="test"} 0');
  expect(text).toContain('workqueue_longest_running_processor_seconds{name="test"} 3');
  expect(text).toContain('workqueue_unfinished_work_seconds{name="test"} 3');
  expect(text).toContain('workqueue_queue_duration_seconds_sum{name="test"} 2');
  expect(queue.longestRunningMs).toBe(3000);
  queue.done("a");
  await settle();
  expect(await metrics.registry.metrics()).toContain('workqueue_work_duration_seconds_sum{name="test"} 3');
});
