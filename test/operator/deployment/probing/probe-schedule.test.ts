import { expect, test } from "vitest";
import { type ProbeResult, partsReading, type Target } from "../../../../operator/deployment/probing/parts-probe.ts";
import { ProbeSchedule } from "../../../../operator/deployment/probing/probe-schedule.ts";
import { ManualClock, settle } from "../../runtime/manual-clock.ts";
import { bridgeAnswer, verifiedServer } from "../support/snapshot.ts";

const target: Target = {
  namespace: "tools",
  name: "team",
  uid: "one",
  mcpUrl: "http://team-mcp-server.tools.svc:8080/mcp",
  bridgeUrl: "http://team-bridge.tools.svc:9001",
  verifierKey: "key",
  hmac: "secret",
  hasServer: true,
  hasBridge: true,
};

const well: ProbeResult = { server: verifiedServer, bridge: bridgeAnswer({}) };
const queued = (pending: number): ProbeResult => ({ ...well, bridge: bridgeAnswer({ queue: { pending } }) });
const unreachable: ProbeResult = { ...well, bridge: bridgeAnswer({ telegram: { reachable: false } }) };

/** Probes without jitter. */
function startProbes(answer: ProbeResult = well) {
  const world = { answer, probes: [] as Target[], changes: 0, clock: new ManualClock() };
  const probes = new ProbeSchedule<Target, ProbeResult>({
    ...partsReading,
    probe: async (target) => {
      world.probes.push(target);
      return world.answer;
    },
    onChange: () => {
      world.changes += 1;
    },
    clock: world.clock,
    random: () => 0.5,
  });
  return { world, probes };
}

test("a new target is probed at once, and its result is told", async () => {
  const { world, probes } = startProbes();
  expect(probes.result("one")).toBeUndefined();
  probes.track(target);
  await world.clock.advance(0);
  expect(probes.result("one")).toEqual(well);
  expect(world).toMatchObject({ probes: [target], changes: 1 });
});

test("what is well is asked every 30 s, and told only when it changes", async () => {
  const { world, probes } = startProbes();
  probes.track(target);
  await world.clock.advance(29_999);
  expect(world.probes).toHaveLength(1);
  await world.clock.advance(1);
  expect(world.probes).toHaveLength(2);
  await world.clock.advance(300_000);
  expect(world.changes).toBe(1);
  world.answer = unreachable;
  await world.clock.advance(30_000);
  expect(world.changes).toBe(2);
});

test("what gives no good answer is asked again soon, then every 5 s", async () => {
  const { world, probes } = startProbes(unreachable);
  probes.track(target);
  await world.clock.advance(0);
  for (const [ms, probes] of [
    [250, 2],
    [500, 3],
    [1000, 4],
    [2000, 5],
    [4000, 6],
    [5000, 7],
    [5000, 8],
  ] as const) {
    await world.clock.advance(ms - 1);
    expect(world.probes).toHaveLength(probes - 1);
    await world.clock.advance(1);
    expect(world.probes).toHaveLength(probes);
  }
});

test("what gives no good answer may pass, and lasts when it was found six times in a row", async () => {
  const { world, probes } = startProbes(unreachable);
  probes.track(target);
  await world.clock.advance(0);
  await world.clock.advance(250 + 500 + 1000 + 2000);
  expect(world.probes).toHaveLength(5);
  expect(probes.result("one")).toEqual({ ...unreachable, lasting: false });
  expect(world.changes).toBe(1);
  await world.clock.advance(4000);
  expect(probes.result("one")).toEqual(unreachable);
  expect(world.changes).toBe(2);
  await world.clock.advance(300_000);
  expect(world.changes).toBe(2);
});

test("a new target gets time to come up, as the first did", async () => {
  const { world, probes } = startProbes(unreachable);
  probes.track(target);
  await world.clock.advance(0);
  await world.clock.advance(60_000);
  probes.track({ ...target, hmac: "another" });
  await world.clock.advance(0);
  expect(probes.result("one")?.lasting).toBe(false);
});

test("a queue that has to drain is looked at every 5 s", async () => {
  const { world, probes } = startProbes(queued(20));
  probes.track(target);
  await world.clock.advance(0);
  await world.clock.advance(20_000);
  expect(world.probes).toHaveLength(5);
});

test("what is not well for more than a minute is asked as rarely as what is well, until it changes", async () => {
  const { world, probes } = startProbes(unreachable);
  probes.track(target);
  await world.clock.advance(0);
  await world.clock.advance(62_750);
  expect(world.probes).toHaveLength(17);
  await world.clock.advance(60_000);
  expect(world.probes).toHaveLength(19);
  world.answer = { ...unreachable, server: { verified: false, reason: "HandshakeRefused", message: "401" } };
  await world.clock.advance(30_000);
  await world.clock.advance(750);
  expect(world.probes).toHaveLength(22);
});

test("a queue that moves a little is no news, one that grows is", async () => {
  const { world, probes } = startProbes(queued(0));
  probes.track(target);
  await world.clock.advance(0);
  world.answer = queued(9);
  await world.clock.advance(30_000);
  expect(world.changes).toBe(1);
  world.answer = queued(20);
  await world.clock.advance(30_000);
  expect(world.changes).toBe(2);
});

test("tracking the same target again probes nothing, a changed one at once", async () => {
  const { world, probes } = startProbes();
  probes.track(target);
  await world.clock.advance(0);
  probes.track({ ...target });
  await world.clock.advance(0);
  expect(world.probes).toHaveLength(1);
  probes.track({ ...target, hmac: "another" });
  await world.clock.advance(0);
  expect(world.probes.map(({ hmac }) => hmac)).toEqual(["secret", "another"]);
});

test("a target that changes while it is probed is probed again, never twice at a time", async () => {
  const clock = new ManualClock();
  const answers: (() => void)[] = [];
  const seen: string[] = [];
  const probes = new ProbeSchedule<Target, ProbeResult>({
    ...partsReading,
    probe: ({ hmac }) => {
      seen.push(hmac);
      return new Promise((resolve) => answers.push(() => resolve(well)));
    },
    onChange: () => {},
    clock,
    random: () => 0.5,
  });
  probes.track(target);
  await clock.advance(0);
  probes.track({ ...target, hmac: "another" });
  await clock.advance(1_000);
  expect(seen).toEqual(["secret"]);
  answers[0]?.();
  await settle();
  await clock.advance(0);
  expect(seen).toEqual(["secret", "another"]);
});

test("a forgotten target is left in peace, and a late answer about it is nobody's news", async () => {
  const { world, probes } = startProbes();
  probes.track(target);
  await world.clock.advance(0);
  probes.forget("one");
  await world.clock.advance(600_000);
  expect(world.probes).toHaveLength(1);
  expect(probes.result("one")).toBeUndefined();
  expect(world.clock.pending).toBe(0);
});

test("stopped, it leaves no timer behind", async () => {
  const { world, probes } = startProbes();
  probes.track(target);
  await world.clock.advance(0);
  probes.stop();
  expect(world.clock.pending).toBe(0);
  probes.track({ ...target, uid: "two" });
  await world.clock.advance(60_000);
  expect(world.probes).toHaveLength(1);
});

/** Probes of targets that never answer. */
async function startSilent(parallel: number, uids: readonly string[]) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const probe = ({ uid }: Target) => {
    asked.push(uid);
    return new Promise<ProbeResult>(() => {});
  };
  const probes = new ProbeSchedule<Target, ProbeResult>({
    ...partsReading,
    probe,
    onChange: () => {},
    clock,
    random: () => 0.5,
    parallel,
  });
  for (const uid of uids) probes.track({ ...target, uid });
  await clock.advance(0);
  return { clock, asked, probes };
}

test("stopped, it asks nothing that was waiting for its turn", async () => {
  const { clock, asked, probes } = await startSilent(1, ["one", "two"]);
  probes.stop();
  await clock.advance(60_000);
  expect(asked).toEqual(["one"]);
  expect(clock.pending).toBe(0);
});

test("a few are probed at a time, and those that do not answer hold up the others for half a second alone", async () => {
  const { clock, asked, probes } = await startSilent(2, ["one", "two", "three", "four", "five"]);
  expect(asked).toEqual(["one", "two"]);
  await clock.advance(499);
  expect(asked).toEqual(["one", "two"]);
  await clock.advance(1);
  expect(asked).toEqual(["one", "two", "three", "four"]);
  probes.track({ ...target, uid: "six" });
  probes.forget("five");
  await clock.advance(500);
  expect(asked).toEqual(["one", "two", "three", "four", "six"]);
});
