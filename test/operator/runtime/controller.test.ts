import { expect, onTestFinished, test } from "vitest";
import { ApiError } from "../../../operator/runtime/api-error.ts";
import { Controller, type ObjectKey, type Result } from "../../../operator/runtime/controller.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { ManualClock, settle } from "./manual-clock.ts";
import { recordingLogger } from "./recording-logger.ts";

function start(reconcile: (key: ObjectKey, signal: AbortSignal) => Promise<Result>, concurrency = 2) {
  const clock = new ManualClock();
  const metrics = createMetrics();
  const logger = recordingLogger();
  const seen: string[] = [];
  const controller = new Controller({
    name: "test",
    concurrency,
    reconcile: (key, signal) => {
      seen.push(`${key.namespace}/${key.name}`);
      return reconcile(key, signal);
    },
    newId: () => `reconcile-${seen.length + 1}`,
    clock,
    logger,
    metrics,
  });
  const stop = new AbortController();
  const running = controller.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  const results = async () =>
    Object.fromEntries((await metrics.reconciles.get()).values.map(({ labels, value }) => [labels.result, value]));
  return { controller, clock, metrics, logger, seen, stop, running, results };
}

const key = { namespace: "ns", name: "a" };
const conflict = new ApiError({ method: "PUT", path: "/x", status: 409, body: { reason: "Conflict" } });

test("every result is a series from the start", async () => {
  const { results, metrics } = start(async () => ({}));
  expect(await results()).toEqual({ success: 0, requeue: 0, requeue_after: 0, error: 0 });
  expect(await metrics.registry.metrics()).toContain(
    'controller_runtime_max_concurrent_reconciles{controller="test"} 2',
  );
});

test("a success is not repeated", async () => {
  const { controller, clock, seen, results } = start(async () => ({}));
  controller.enqueue(key);
  await clock.advance(10_000_000);
  expect(seen).toEqual(["ns/a"]);
  expect(await results()).toMatchObject({ success: 1, error: 0 });
});

test("a reconcile that asks for another one gets it then", async () => {
  const { controller, clock, seen, results } = start(async () => ({ requeueAfterMs: 5000 }));
  controller.enqueue(key);
  await clock.advance(4999);
  expect(seen).toHaveLength(1);
  await clock.advance(1);
  expect(seen).toHaveLength(2);
  expect(await results()).toMatchObject({ requeue_after: 2 });
});

test("a moment that has passed is no loop without a rest", async () => {
  for (const requeueAfterMs of [0, -5000]) {
    const { controller, clock, seen } = start(async () => ({ requeueAfterMs }));
    controller.enqueue(key);
    await clock.advance(1000);
    expect(seen).toHaveLength(11);
  }
});

test("failures of parts are logged each, count as one error, and do not put off what was asked for", async () => {
  const failures = [new Error("one"), new Error("two"), conflict];
  let passes = 0;
  const { controller, clock, seen, logger, results } = start(async () => {
    passes += 1;
    return passes > 12 ? {} : { failures, requeueAfterMs: 4000 };
  });
  controller.enqueue(key);
  // The backoff of the twelfth failure would be ten seconds.
  await clock.advance(20_000);
  expect(seen).toHaveLength(13);
  expect(logger.entries.filter(({ level }) => level === "error").length).toBe(24);
  expect(await results()).toMatchObject({ error: 12, success: 1 });
});

test("parts that only met a conflict are repeated without a word", async () => {
  let passes = 0;
  const { controller, clock, logger, results } = start(async () => {
    passes += 1;
    return passes > 1 ? {} : { failures: [conflict] };
  });
  controller.enqueue(key);
  await clock.advance(1000);
  expect(logger.entries.filter(({ level }) => level === "error")).toEqual([]);
  expect(await results()).toMatchObject({ requeue: 1, error: 0, success: 1 });
});

test("an error is logged and tried again with growing delays until it passes", async () => {
  let failures = 3;
  const { controller, clock, seen, logger, results } = start(async () => {
    failures -= 1;
    if (failures >= 0) throw new Error("not yet");
    return {};
  });
  controller.enqueue(key);
  await clock.advance(5 + 10 + 20);
  expect(seen).toHaveLength(4);
  expect(await results()).toMatchObject({ error: 3, success: 1 });
  expect(logger.entries.filter(({ level }) => level === "error")).toHaveLength(3);
});

test("a conflict is tried again without noise", async () => {
  let first = true;
  const { controller, clock, seen, logger, results } = start(async () => {
    if (!first) return {};
    first = false;
    throw conflict;
  });
  controller.enqueue(key);
  await clock.advance(5);
  expect(seen).toHaveLength(2);
  expect(await results()).toMatchObject({ error: 0, requeue: 1, success: 1 });
  expect(logger.entries.filter(({ level }) => level !== "debug")).toEqual([]);
});

test("one key is never reconciled twice at a time, several keys are, up to the limit", async () => {
  const release: (() => void)[] = [];
  const { controller, seen } = start(() => new Promise((resolve) => release.push(() => resolve({}))));
  controller.enqueue(key);
  await settle();
  controller.enqueue(key);
  controller.enqueue({ namespace: "ns", name: "b" });
  controller.enqueue({ namespace: "ns", name: "c" });
  await settle();
  expect(seen).toEqual(["ns/a", "ns/b"]);
  release.shift()?.();
  await settle();
  expect(seen).toEqual(["ns/a", "ns/b", "ns/c"]);
  for (const next of release.splice(0)) next();
  await settle();
  expect(seen).toEqual(["ns/a", "ns/b", "ns/c", "ns/a"]);
  for (const next of release.splice(0)) next();
});

test("at the end running reconciles are told, waited for, and make no noise", async () => {
  const { controller, seen, stop, running, logger } = start(
    (_key, signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  );
  controller.enqueue(key);
  await settle();
  controller.enqueue({ namespace: "", name: "cluster-scoped" });
  await settle();
  stop.abort();
  await running;
  expect(seen).toEqual(["ns/a", "/cluster-scoped"]);
  expect(logger.entries.filter(({ level }) => level === "error")).toEqual([]);
});
