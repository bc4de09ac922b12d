import { Registry } from "prom-client";
import { beforeEach, describe, expect, test } from "vitest";
import { relayLimits } from "../../../../contract/relay.ts";
import { RelayHub } from "../../../../server/bridge/relay/relay.ts";
import { createRelayMetrics } from "../../../../server/bridge/relay/relay-metrics.ts";

const limits = {
  ...relayLimits,
  log: { ...relayLimits.log, messages: 3, ageMs: 1_000 },
  kept: { ...relayLimits.kept, values: 2 },
};
const never = new AbortController().signal;

let now: number;
let hub: RelayHub;
let registry: Registry;

beforeEach(() => {
  now = 1_000;
  registry = new Registry();
  const observer = createRelayMetrics(registry, () => hub);
  hub = new RelayHub({ now: () => now, epoch: "first", limits, observer });
});

async function value(name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
  const metric = (await registry.getMetricsAsJSON()).find((each) => each.name === `cctelegram_relay_${name}`);
  const wanted = JSON.stringify(labels);
  return metric?.values.find((sample) => JSON.stringify(sample.labels) === wanted)?.value;
}

const dropped = (reason: string) => value("dropped_total", { reason });

describe("the relay's metrics", () => {
  test("are there from the start, at zero", async () => {
    expect(await value("messages_total", { kind: "event" })).toBe(0);
    expect(await Promise.all(["log_full", "values_full", "refused"].map(dropped))).toEqual([0, 0, 0]);
    expect([await value("gaps_total"), await value("followers"), await value("bytes")]).toEqual([0, 0, 0]);
  });

  test("count messages by kind, a repeated one once, and whatever topic somebody invents as one kind", async () => {
    hub.publish({ topic: "event/1", text: "a", id: "same" });
    hub.publish({ topic: "event/1", text: "a", id: "same" });
    hub.publish({ topic: "event/2", text: "a" });
    hub.publish({ topic: "status", text: "a" });
    for (const topic of ["eventful", "evil\u0020label", "x/y", "other/z"]) hub.publish({ topic, text: "" });
    expect(await value("messages_total", { kind: "event" })).toBe(2);
    expect(await value("messages_total", { kind: "status" })).toBe(1);
    expect(await value("messages_total", { kind: "other" })).toBe(4);
  });

  test("tell what went for lack of room from what has had its time", async () => {
    for (const text of ["1", "2", "3", "4", "5"]) hub.publish({ topic: "peers", text });
    expect(await dropped("log_full")).toBe(2);
    now += 1_001;
    hub.publish({ topic: "peers", text: "6" });
    expect(await dropped("log_full")).toBe(2);
    for (const topic of ["session/1", "session/2", "session/3"]) hub.publish({ topic, text: "x", keep: "k" });
    expect(await dropped("values_full")).toBe(1);
  });

  test("count what is refused, once, and not as relayed", async () => {
    expect(() => hub.publish({ topic: "stream/1", text: "x".repeat(256 * 1024 + 1) })).toThrow();
    expect(() => hub.publish({ topic: "", text: "x" })).toThrow();
    expect(await dropped("refused")).toBe(2);
    expect(await value("messages_total", { kind: "stream" })).toBe(0);
  });

  test("show who waits, what is held, and who was told of a gap", async () => {
    const poll = hub.follow({ after: "now", wait_ms: 10_000 }, never);
    expect(await value("followers")).toBe(1);
    hub.publish({ topic: "status", text: "12345" });
    expect((await poll).messages).toHaveLength(1);
    expect(await value("followers")).toBe(0);
    expect(await value("bytes")).toBe(Buffer.byteLength("status12345"));
    expect(await value("gaps_total")).toBe(0);
    await hub.follow({ after: "now", wait_ms: 0, epoch: "of an earlier bridge" }, never);
    expect(await value("gaps_total")).toBe(1);
  });
});
