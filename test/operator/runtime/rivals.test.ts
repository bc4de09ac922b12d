import fc from "fast-check";
import { expect, test } from "vitest";
import { ApiError } from "../../../operator/runtime/api-error.ts";
import type { Client, ClientRequest } from "../../../operator/runtime/client.ts";
import { LeaderElection } from "../../../operator/runtime/leader-election.ts";
import type { Lease } from "../../../operator/runtime/lease.ts";
import { createMetrics } from "../../../operator/runtime/metrics.ts";
import { Rivals } from "../../../operator/runtime/rivals.ts";
import { ManualClock } from "./manual-clock.ts";
import { recordingLogger } from "./recording-logger.ts";

/** The Leases of several namespaces with the API server's locking, whose answers take as long as a test says. */
class LeaseServer {
  readonly leases = new Map<string, Lease>();
  readonly #clock: ManualClock;
  #version = 0;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  /** A client that waits before and after each request. */
  client(latency: () => number): Client {
    const request = async (call: ClientRequest) => {
      await this.#clock.sleep(latency());
      const answer = this.#answer(call);
      await this.#clock.sleep(latency());
      if (answer instanceof Error) throw answer;
      return answer;
    };
    return { request } as unknown as Client;
  }

  #answer({ method, path, body }: ClientRequest): unknown {
    const [, namespace = ""] = /namespaces\/([^/]+)/.exec(path) ?? [];
    const fail = (status: number) => new ApiError({ method, path, status });
    if (namespace === "") return { items: structuredClone([...this.leases.values()]) };
    const current = this.leases.get(namespace);
    if (method === "GET") return current ? structuredClone(current) : fail(404);
    const sent = structuredClone(body) as Lease;
    const version = current?.metadata.resourceVersion;
    if (method === "POST" ? current !== undefined : sent.metadata.resourceVersion !== version) return fail(409);
    this.#version += 1;
    this.leases.set(namespace, { ...sent, metadata: { ...sent.metadata, resourceVersion: String(this.#version) } });
    return structuredClone(this.leases.get(namespace));
  }
}

type Candidate = { readonly namespace: string; readonly skewMs: number; readonly latencyMs: number };

function start(server: LeaseServer, clock: ManualClock, { namespace, skewMs, latencyMs }: Candidate, identity: string) {
  const stop = new AbortController();
  const client = server.client(() => latencyMs);
  const own = { ...clockOf(clock), now: () => clock.now() + skewMs };
  const rivals = new Rivals({
    client,
    clock: own,
    labelSelector: "a=b",
    everywhere: { annotation: "scope", value: "*" },
    isOwn: (space, name) => space === namespace && name === "lease",
    onClaim: () => {},
  });
  const state = { leads: false, stop };
  const election = new LeaderElection({
    client,
    namespaces: [namespace],
    name: "lease",
    marks: { labels: { a: "b" }, annotations: { scope: "*" } },
    identity,
    rivals: (signal) => rivals.look(signal),
    onStartedLeading: async (signal) => {
      state.leads = true;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      state.leads = false;
    },
    clock: own,
    random: Math.random,
    logger: recordingLogger(),
    metrics: createMetrics(),
  });
  void election.run(stop.signal);
  return state;
}

const clockOf = (clock: ManualClock) => ({
  now: () => clock.now(),
  monotonic: () => clock.monotonic(),
  sleep: clock.sleep.bind(clock),
  setTimeout: clock.setTimeout.bind(clock),
});

const candidate = fc.record({
  // Some are replicas of one release, which share a Lease.
  namespace: fc.constantFrom("a", "b", "c"),
  // Clocks of nodes are wrong, by hours if need be.
  skewMs: fc.integer({ min: -3_600_000, max: 3_600_000 }),
  latencyMs: fc.integer({ min: 0, max: 400 }),
});
const startedAfter = fc.integer({ min: 0, max: 6_000 });

test("however they come, whatever their clocks say, one leads and never two", async () => {
  const scenario = fc.array(fc.tuple(candidate, startedAfter), { minLength: 2, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(scenario, async (candidates) => {
      const clock = new ManualClock();
      const server = new LeaseServer(clock);
      const running: ReturnType<typeof start>[] = [];
      const leaders = () => running.filter(({ leads }) => leads);
      const pass = async (ms: number) => {
        for (let passed = 0; passed < ms; passed += 100) {
          await clock.advance(100);
          expect(leaders().length).toBeLessThanOrEqual(1);
        }
      };
      for (const [index, [one, afterMs]] of candidates.entries()) {
        await pass(afterMs);
        running.push(start(server, clock, one, `candidate-${index}`));
      }
      await pass(30_000);
      expect(leaders()).toHaveLength(1);
      // An orderly end: another one follows.
      const [first] = leaders();
      first?.stop.abort();
      await pass(30_000);
      expect(leaders().filter((leader) => leader !== first)).toHaveLength(1);
      for (const { stop } of running) stop.abort();
      await clock.advance(10_000);
    }),
    { numRuns: 60 },
  );
});

test("who waits writes nothing", async () => {
  const clock = new ManualClock();
  const server = new LeaseServer(clock);
  const leader = start(server, clock, { namespace: "a", skewMs: 0, latencyMs: 0 }, "leader");
  await clock.advance(1_000);
  const waiting = start(server, clock, { namespace: "b", skewMs: -1_000_000, latencyMs: 0 }, "waiting");
  await clock.advance(60_000);
  expect([leader.leads, waiting.leads]).toEqual([true, false]);
  expect([...server.leases.keys()]).toEqual(["a"]);
  leader.stop.abort();
  waiting.stop.abort();
  await clock.advance(10_000);
});
