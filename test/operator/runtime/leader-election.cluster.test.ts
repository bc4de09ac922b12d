import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import type { Client } from "../../../operator/runtime/client.ts";
import { LeaderElection } from "../../../operator/runtime/leader-election.ts";
import type { Lease } from "../../../operator/runtime/lease.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { resourcePath } from "../../../operator/runtime/resource-type.ts";
import { type TestNamespace, testNamespace } from "./api-server.ts";
import { ManualClock } from "./manual-clock.ts";
import { recordingLogger } from "./recording-logger.ts";
import { types } from "./samples.ts";

let world: TestNamespace;
beforeAll(async () => {
  world = await testNamespace("leader");
});
afterAll(() => world.dispose());

const readLease = (name: string) =>
  world.client.get<Lease>(resourcePath(types.lease, { namespace: world.namespace, name }));

/** A candidate whose clock runs, in steps, as long as something is waited for. */
function candidate(name: string, identity: string) {
  const clock = new ManualClock();
  let asked = 0;
  const request: Client["request"] = async (call) => {
    asked += 1;
    return world.client.request<never>(call).finally(() => (asked -= 1));
  };
  const stop = new AbortController();
  const led: string[] = [];
  const election = new LeaderElection({
    client: { request } as Client,
    namespaces: [world.namespace],
    name,
    identity,
    onStartedLeading: async (signal) => {
      led.push("started");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      led.push("stopped");
    },
    clock,
    random: Math.random,
    logger: recordingLogger(),
    metrics: createMetrics(),
  });
  const result = election.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await result;
  });
  return { election, clock, stop, led, result, isAsking: () => asked > 0 };
}

/** Time stands still while one of them waits for an answer: the clocks run ahead of the API server, for which no Lease may end. */
async function pass(candidates: readonly ReturnType<typeof candidate>[], ms: number): Promise<void> {
  if (candidates.some(({ isAsking }) => isAsking())) return;
  for (const { clock } of candidates) await clock.advance(ms);
}

test("one of two leads, and the other takes over as soon as the first gives the lease back", async () => {
  const first = candidate("handover", "first");
  await vi.waitFor(() => expect(first.led).toEqual(["started"]));
  const second = candidate("handover", "second");
  await vi.waitFor(() => expect(second.election.leader).toBe("first"));
  await first.clock.advance(2000);
  expect(second.led).toEqual([]);
  first.stop.abort();
  expect(await first.result).toBe("stopped");
  expect((await readLease("handover")).spec).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1 });
  await vi.waitFor(async () => {
    await pass([second], 500);
    expect(second.led).toEqual(["started"]);
  });
  expect(first.led).toEqual(["started", "stopped"]);
  expect((await readLease("handover")).spec).toMatchObject({ holderIdentity: "second", leaseTransitions: 1 });
});

test("of several that ask at once exactly one leads", async () => {
  const all = Array.from({ length: 5 }, (_, index) => candidate("race", `racer-${index}`));
  await vi.waitFor(async () => {
    await pass(all, 500);
    expect(all.every(({ election }) => election.leader)).toBe(true);
  });
  expect(all.filter(({ led }) => led.length > 0)).toHaveLength(1);
});

test("a leader whose lease another holds stops at its next renewal", async () => {
  const victim = candidate("stolen", "victim");
  const { led, result } = victim;
  await vi.waitFor(() => expect(led).toEqual(["started"]));
  const lease = await readLease("stolen");
  await world.client.request({
    method: "PUT",
    path: resourcePath(types.lease, { namespace: world.namespace, name: "stolen" }),
    body: { ...lease, spec: { ...lease.spec, holderIdentity: "thief" } },
  });
  await vi.waitFor(async () => {
    await pass([victim], 2000);
    expect(led).toEqual(["started", "stopped"]);
  });
  expect(await result).toBe("lost");
  expect((await readLease("stolen")).spec.holderIdentity).toBe("thief");
});
