import { expect, onTestFinished, test } from "vitest";
import { ApiError } from "../../../operator/runtime/api-error.ts";
import type { Client, ClientRequest } from "../../../operator/runtime/client.ts";
import { LeaderElection } from "../../../operator/runtime/leader-election.ts";
import type { Lease } from "../../../operator/runtime/lease.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { ManualClock } from "./manual-clock.ts";
import { recordingLogger } from "./recording-logger.ts";

/**
 * One Lease with the API server's optimistic locking, answering on the tests' time: an API server cannot be made to
 * hang for an exact number of seconds of a hand-driven clock. The real one is in leader-election.cluster.test.ts.
 */
class LeaseServer {
  lease: Lease | undefined;
  mode: "up" | "failing" | "hanging" = "up";
  #version = 0;

  client(): Client {
    const request = (call: ClientRequest) => this.#answer(call);
    return { request } as unknown as Client;
  }

  async #answer({ method, path, body, signal }: ClientRequest): Promise<unknown> {
    const fail = (status: number) => new ApiError({ method, path, status });
    if (this.mode === "failing") throw fail(500);
    if (this.mode === "hanging") {
      await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    }
    if (method === "GET") {
      if (this.lease === undefined) throw fail(404);
      return structuredClone(this.lease);
    }
    const sent = structuredClone(body) as Lease;
    const current = this.lease?.metadata.resourceVersion;
    if (method === "POST" ? this.lease !== undefined : sent.metadata.resourceVersion !== current) throw fail(409);
    this.#version += 1;
    this.lease = { ...sent, metadata: { ...sent.metadata, resourceVersion: String(this.#version) } };
    return structuredClone(this.lease);
  }
}

function candidate(server: LeaseServer, identity: string, clock: ManualClock) {
  const stop = new AbortController();
  const log: string[] = [];
  const metrics = createMetrics();
  let finish: (() => void) | undefined;
  const slow = { stopping: false };
  const election = new LeaderElection({
    client: server.client(),
    namespaces: ["ns"],
    name: "lease",
    identity,
    onStartedLeading: async (signal) => {
      log.push(`start ${clock.monotonic()}`);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      log.push(`told ${clock.monotonic()}`);
      if (slow.stopping) await new Promise<void>((resolve) => (finish = resolve));
    },
    clock,
    random: () => 0,
    logger: recordingLogger(),
    metrics,
  });
  const result = election.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    finish?.();
    await result;
  });
  const status = async () => (await metrics.leaderElectionMasterStatus.get()).values[0]?.value;
  return { election, stop, log, result, slow, finish: () => finish?.(), status };
}

test("the first to come leads, and its lease says so", async () => {
  const [server, clock] = [new LeaseServer(), new ManualClock()];
  const { status } = candidate(server, "one", clock);
  expect(await status()).toBe(0);
  await clock.advance(0);
  expect(await status()).toBe(1);
  expect(server.lease?.spec).toMatchObject({
    holderIdentity: "one",
    leaseDurationSeconds: 15,
    leaseTransitions: 0,
    acquireTime: "2026-01-01T00:00:00.000000Z",
  });
  await clock.advance(2000);
  expect(server.lease?.spec).toMatchObject({ renewTime: "2026-01-01T00:00:02.000000Z" });
  expect(server.lease?.spec).toMatchObject({ acquireTime: "2026-01-01T00:00:00.000000Z" });
});

test("a lease is taken over when it was seen unchanged for its duration, whatever its times say", async () => {
  const [server, clock] = [new LeaseServer(), new ManualClock()];
  const crashed = candidate(server, "crashed", clock);
  await clock.advance(0);
  expect(await crashed.status()).toBe(1);
  // The holder's clock is a year behind: by its times the lease expired long ago.
  server.lease!.spec.renewTime = "2025-01-01T00:00:00.000000Z";
  const frozen = server.lease!;
  const otherClock = new ManualClock();
  const next = candidate(server, "next", otherClock);
  for (let second = 0; second < 14; second += 1) {
    await otherClock.advance(1000);
    server.lease = frozen;
    expect(await next.status()).toBe(0);
  }
  await otherClock.advance(3000);
  expect(await next.status()).toBe(1);
  expect(server.lease?.spec).toMatchObject({ holderIdentity: "next", leaseTransitions: 1 });
});

test.each(["failing", "hanging"] as const)(
  "with a server that is %s the leader stops after ten seconds, before others may lead",
  async (mode) => {
    const [server, clock] = [new LeaseServer(), new ManualClock()];
    const { log, result, status } = candidate(server, "one", clock);
    await clock.advance(4000);
    server.mode = mode;
    await clock.advance(20_000);
    expect(await result).toBe("lost");
    const toldAt = Number(log[1]?.split(" ")[1]);
    expect(toldAt - 4000).toBeLessThanOrEqual(12_000);
    expect(toldAt - 4000).toBeGreaterThanOrEqual(8_000);
    expect(await status()).toBe(0);
  },
);

test("a leader that was stopped for longer than its deadline may write nothing, before it has even seen that it is late", async () => {
  const [server, clock] = [new LeaseServer(), new ManualClock()];
  const { election, result } = candidate(server, "one", clock);
  expect(election.mayWrite).toBe(false);
  await clock.advance(4000);
  expect(election.mayWrite).toBe(true);
  clock.pass(9_000);
  expect(election.mayWrite).toBe(true);
  clock.pass(1_000);
  expect(election.mayWrite).toBe(false);
  await clock.advance(2000);
  expect(await result).toBe("lost");
  expect(election.mayWrite).toBe(false);
});

test("a short failure of the server does not end the leadership", async () => {
  const [server, clock] = [new LeaseServer(), new ManualClock()];
  const { log, status } = candidate(server, "one", clock);
  await clock.advance(4000);
  server.mode = "failing";
  await clock.advance(7000);
  server.mode = "up";
  await clock.advance(30_000);
  expect(await status()).toBe(1);
  expect(log).toHaveLength(1);
});

test("at shutdown the lease is kept until the work has wound up, then given back", async () => {
  const [server, clock] = [new LeaseServer(), new ManualClock()];
  const { stop, slow, finish, result } = candidate(server, "one", clock);
  slow.stopping = true;
  await clock.advance(0);
  stop.abort();
  await clock.advance(30_000);
  expect(server.lease?.spec).toMatchObject({ holderIdentity: "one", renewTime: "2026-01-01T00:00:30.000000Z" });
  finish();
  await clock.advance(0);
  expect(await result).toBe("stopped");
  expect(server.lease?.spec).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1 });
});

test("one that never led leaves the lease alone at shutdown", async () => {
  const [server, clock] = [new LeaseServer(), new ManualClock()];
  candidate(server, "one", clock);
  await clock.advance(0);
  const other = candidate(server, "other", clock);
  await clock.advance(5000);
  other.stop.abort();
  expect(await other.result).toBe("stopped");
  expect(server.lease?.spec.holderIdentity).toBe("one");
});
