import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { EventRecorder, type Regarding } from "../../../operator/runtime/event-recorder.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { resourcePath } from "../../../operator/runtime/resource-type.ts";
import { type TestNamespace, testNamespace } from "./api-server.ts";
import { ManualClock } from "./manual-clock.ts";
import { recordingLogger } from "./recording-logger.ts";
import { sample, types } from "./samples.ts";

type Event = { reason: string; note: string; type: string; series?: { count: number }; regarding: { name: string } };

let world: TestNamespace;
beforeAll(async () => {
  world = await testNamespace("events");
});
afterAll(() => world.dispose());

async function start(name: string) {
  const object = await world.client.apply(types.configMap, sample("configMap", world.namespace, name), {
    fieldManager: "test",
  });
  const regarding: Regarding = {
    apiVersion: "v1",
    kind: "ConfigMap",
    namespace: world.namespace,
    name,
    uid: object.metadata.uid!,
  };
  const clock = new ManualClock();
  const metrics = createMetrics();
  const logger = recordingLogger();
  const recorder = new EventRecorder({
    client: world.client,
    reportingController: "example.io/test",
    reportingInstance: "test-0",
    clock,
    random: Math.random,
    logger,
    metrics,
  });
  const stop = new AbortController();
  const running = recorder.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  const events = async () =>
    (await world.client.list<Event>(resourcePath(types.event, { namespace: world.namespace }))).filter(
      ({ regarding }) => regarding.name === name,
    );
  const count = async (outcome: string) =>
    (await metrics.events.get()).values.find(({ labels }) => labels.outcome === outcome)?.value ?? 0;
  return { recorder, regarding, clock, events, count, logger, stop, running };
}

test("an event is written about the object, cut to what the API takes", async () => {
  const { recorder, regarding, events, logger } = await start("one");
  recorder.record(regarding, { type: "Warning", reason: "SecretMissing", message: `${"\u00e4".repeat(700)}` });
  await vi.waitFor(async () => expect(await events()).toHaveLength(1));
  const [event] = await events();
  expect(event).toMatchObject({ type: "Warning", reason: "SecretMissing" });
  expect(Buffer.byteLength(event!.note)).toBeLessThanOrEqual(1024);
  expect(event!.note).toMatch(/^\u00e4+\.\.\.$/);
  expect(logger.entries).toEqual([]);
});

test("repeats within ten minutes are one event with a count, later ones a new event", async () => {
  const { recorder, regarding, clock, events, count } = await start("repeated");
  const note = { type: "Normal", reason: "Created", message: "made it" } as const;
  for (let index = 0; index < 3; index += 1) recorder.record(regarding, note);
  await vi.waitFor(async () => expect(await count("sent")).toBe(3));
  expect((await events()).map(({ series }) => series?.count)).toEqual([3]);
  await clock.advance(11 * 60_000);
  recorder.record(regarding, note);
  await vi.waitFor(async () => expect(await count("sent")).toBe(4));
  expect(await events()).toHaveLength(2);
});

test("an object in trouble gets 25 events at once, then one in five minutes", async () => {
  const { recorder, regarding, clock, count } = await start("flood");
  const record = (index: number) =>
    recorder.record(regarding, { type: "Normal", reason: "Noise", message: `${index}` });
  for (let index = 0; index < 40; index += 1) record(index);
  await vi.waitFor(async () => expect(await count("sent")).toBe(25));
  expect(await count("dropped")).toBe(15);
  await clock.advance(5 * 60_000);
  record(41);
  record(42);
  await vi.waitFor(async () => expect(await count("sent")).toBe(26));
  expect(await count("dropped")).toBe(16);
});

test("what is recorded before the end is still sent, and an impossible event fails nobody", async () => {
  const { recorder, regarding, events, count, stop, running } = await start("last");
  recorder.record({ ...regarding, namespace: "no-such-namespace" }, { type: "Normal", reason: "Lost", message: "x" });
  recorder.record(regarding, { type: "Normal", reason: "Stopped", message: "bye" });
  stop.abort();
  await running;
  expect((await events()).map(({ reason }) => reason)).toEqual(["Stopped"]);
  expect(await count("error")).toBe(1);
});

test("an event that is under way at the end arrives", async () => {
  const { recorder, regarding, events, stop, running } = await start("under-way");
  recorder.record(regarding, { type: "Normal", reason: "Stopped", message: "bye" });
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  await running;
  expect((await events()).map(({ reason }) => reason)).toEqual(["Stopped"]);
});
