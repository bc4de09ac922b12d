import fc from "fast-check";
import { expect, test } from "vitest";
import type { CachedResource } from "../../../../operator/deployment/cache/cached-objects.ts";
import type { Polling } from "../../../../operator/deployment/cache/cluster.ts";
import { Arbiter } from "../../../../operator/deployment/receiving/arbiter.ts";
import type { Verdict } from "../../../../operator/deployment/receiving/arbitration.ts";
import type { ObjectKey } from "../../../../operator/runtime/controller.ts";
import { specOf } from "../support/blueprint.ts";
import { resource } from "../support/snapshot.ts";

type Team = { resource: CachedResource; template: boolean };

/** Resources with StatefulSets and pods, and a StatefulSet controller that replaces pods when it is told to. */
class Teams {
  readonly teams = new Map<string, Team>();
  /** The bot token in the Secret of each resource; people delete neither with the other. */
  readonly secrets = new Map<string, string>();
  /** Pods that read updates, with the token that each has read from its Secret. */
  readonly pods = new Map<string, { name: string; uid: string; token: string }>();
  readonly enqueued = new Set<string>();
  unreadable: string | undefined;
  now = 0;
  arbiter = this.#newArbiter();
  #born = 0;

  #newArbiter() {
    const fingerprint = async (_namespace: string, { name }: { name: string }) => {
      if (name === this.unreadable) throw new Error("the API server does not answer");
      return this.secrets.get(name);
    };
    return new Arbiter({
      cluster: { claimants: () => this.#claimants(), pollers: () => this.#pollers() },
      tokenSecrets: { fingerprint },
      mayWrite: ({ spec }) => spec.reconciliation === "Active",
      enqueue: ({ name }: ObjectKey) => void this.enqueued.add(name),
      now: () => this.now,
    });
  }

  #claimants = () => [...this.teams.values()].map((team) => team.resource);

  #pollers(): Polling[] {
    const ref = (name: string) => ({ namespace: "tools", name, ref: { name, key: "token" } });
    return [
      ...[...this.teams].filter(([, { template }]) => template).map(([name]) => ref(name)),
      ...[...this.pods.values()].map(({ name, uid }) => ({ ...ref(name), pod: uid })),
    ];
  }

  create(name: string, token: string, reconciliation: "Active" | "Paused" = "Active") {
    this.#born += 1;
    const telegram = { botTokenSecretRef: { name }, allowedUsers: [1], updates: "Polling" };
    const createdAt = `2026-01-01T00:00:${`${this.#born}`.padStart(2, "0")}Z`;
    const spec = specOf({ telegram, reconciliation });
    this.secrets.set(name, token);
    this.teams.set(name, { resource: resource({ name, uid: `${this.#born}`, createdAt, spec }), template: false });
  }

  delete(name: string) {
    const team = this.teams.get(name);
    this.teams.delete(name);
    if (team) this.arbiter.forget(team.resource.uid);
  }

  /** As the operator does it. */
  async reconcile(name: string): Promise<Verdict | undefined> {
    const team = this.teams.get(name);
    if (!team) return undefined;
    const verdict = await this.arbiter.verdict(team.resource);
    if (verdict && verdict.state !== "Unknown" && verdict.state !== "StandsAside")
      team.template = verdict.state === "Receives";
    this.arbiter.written(team.resource, verdict);
    return verdict;
  }

  /** The StatefulSet controller: one pod for each resource, made from its template. The operator sees it come and go. */
  async roll(name: string) {
    const team = this.teams.get(name);
    const pod = this.pods.get(name);
    const token = this.secrets.get(name);
    if (pod && (!team?.template || pod.uid !== `pod-${team.resource.uid}`)) this.pods.delete(name);
    else if (!pod && team?.template && token) this.pods.set(name, { name, uid: `pod-${team.resource.uid}`, token });
    await this.reconcile(name);
  }

  /** The kubelet updates the pod's volume. That takes longer than to stop a pod that shall not receive any more. */
  update(name: string) {
    const pod = this.pods.get(name);
    const token = this.secrets.get(name);
    if (pod && token && this.teams.get(name)?.template) pod.token = token;
  }

  /** Not while a pod has a former token, or has lost its resource: only the memory of the operator knows the token then. */
  async restartOperator() {
    const pods = [...this.pods.values()];
    if (pods.some(({ name, token }) => this.secrets.get(name) !== token || !this.teams.has(name))) return;
    this.arbiter = this.#newArbiter();
    await this.reconcileAll();
  }

  reconcileAll() {
    return Promise.all([...this.teams.keys()].toReversed().map((name) => this.reconcile(name)));
  }
}

const other = (name: string) => ({ namespace: "tools", name });

test("the oldest receives, whichever is looked at first, and also when all are looked at together", async () => {
  const teams = new Teams();
  for (const name of ["one", "two", "three"]) teams.create(name, "A");
  const verdicts = await Promise.all(["three", "two", "one"].map((name) => teams.reconcile(name)));
  expect(verdicts).toEqual([
    { state: "SendsOnly", other: other("one") },
    { state: "SendsOnly", other: other("one") },
    { state: "Receives" },
  ]);
});

test("the next one is called when the first goes, and waits until its pod has ended", async () => {
  const teams = new Teams();
  for (const name of ["one", "two"]) teams.create(name, "A");
  for (const name of ["one", "two"]) await teams.reconcile(name);
  await teams.roll("one");
  teams.enqueued.clear();
  teams.delete("one");
  teams.secrets.delete("one");
  expect([...teams.enqueued]).toEqual(["two"]);
  // Its Secret is gone, too: the pod goes on with the token that it has.
  expect(await teams.reconcile("two")).toEqual({ state: "Waits", other: other("one") });
  await teams.roll("one");
  expect(await teams.reconcile("two")).toEqual({ state: "Receives" });
});

test("an older resource that comes to a token waits for the younger one, which is called to stop", async () => {
  const teams = new Teams();
  teams.create("old", "B");
  teams.create("young", "A");
  for (const name of ["old", "young"]) {
    await teams.reconcile(name);
    await teams.roll(name);
  }
  teams.secrets.set("old", "A");
  teams.enqueued.clear();
  expect(await teams.reconcile("old")).toEqual({ state: "Waits", other: other("young") });
  expect([...teams.enqueued]).toEqual(["young"]);
  // The older one's pod may have the new token already, and the younger one does not start again.
  expect(await teams.reconcile("young")).toEqual({ state: "SendsOnly", other: other("old") });
  for (const name of ["old", "young"]) await teams.roll(name);
  expect(await teams.reconcile("old")).toEqual({ state: "Receives" });
});

test("a resource that was just told to receive keeps others from it before its StatefulSet is written", async () => {
  const teams = new Teams();
  teams.create("one", "A");
  const one = teams.teams.get("one") as Team;
  expect(await teams.arbiter.verdict(one.resource)).toEqual({ state: "Receives" });
  teams.create("older", "A");
  const older = teams.teams.get("older") as Team;
  older.resource = { ...older.resource, createdAt: "2025-01-01T00:00:00Z" };
  expect(await teams.reconcile("older")).toEqual({ state: "Waits", other: other("one") });
});

test("a paused resource keeps what it has: it does not stand for election, and others wait for its bridge", async () => {
  const teams = new Teams();
  teams.create("paused", "A", "Paused");
  teams.create("two", "A");
  expect(await teams.reconcile("paused")).toEqual({ state: "StandsAside" });
  expect(await teams.reconcile("two")).toEqual({ state: "Receives" });

  const reading = new Teams();
  reading.create("paused", "A", "Paused");
  (reading.teams.get("paused") as Team).template = true;
  reading.create("two", "A");
  expect(await reading.reconcile("two")).toEqual({ state: "Waits", other: other("paused") });
});

test("while a Secret cannot be read nobody starts to receive, and who receives goes on", async () => {
  const teams = new Teams();
  teams.create("one", "A");
  expect(await teams.reconcile("one")).toEqual({ state: "Receives" });
  teams.create("two", "B");
  teams.unreadable = "one";
  expect(await teams.reconcile("two")).toEqual({ state: "Unknown" });
  expect(await teams.reconcile("one")).toEqual({ state: "Unknown" });
  teams.unreadable = "two";
  expect(await teams.reconcile("one")).toEqual({ state: "Unknown" });
  teams.unreadable = undefined;
  expect(await teams.reconcile("one")).toEqual({ state: "Receives" });
  teams.unreadable = "two";
  expect(await teams.reconcile("one")).toEqual({ state: "Receives" });
});

test("a resource without a token stands aside, and is looked at with the others when it has one", async () => {
  const teams = new Teams();
  teams.create("one", "A");
  teams.create("two", "A");
  teams.secrets.delete("one");
  expect(await teams.reconcile("one")).toEqual({ state: "StandsAside" });
  expect(await teams.reconcile("two")).toEqual({ state: "Receives" });
  teams.secrets.set("one", "A");
  teams.enqueued.clear();
  expect(await teams.reconcile("one")).toEqual({ state: "Waits", other: other("two") });
  expect([...teams.enqueued]).toEqual(["two"]);
});

test("a resource that does not ask to receive has no verdict", async () => {
  const teams = new Teams();
  expect(await teams.arbiter.verdict(resource())).toBeUndefined();
});

const names = ["one", "two", "three", "four"] as const;
const tokens = ["A", "B"] as const;

const steps = {
  create: (teams: Teams, name: string, token: string) => void (teams.teams.has(name) || teams.create(name, token)),
  delete: (teams: Teams, name: string) => teams.delete(name),
  reconcile: (teams: Teams, name: string) => teams.reconcile(name),
  reconcileAll: (teams: Teams) => teams.reconcileAll(),
  roll: (teams: Teams, name: string) => teams.roll(name),
  changeToken: (teams: Teams, name: string, token: string) => {
    teams.secrets.set(name, token);
    return teams.reconcile(name);
  },
  update: (teams: Teams, name: string) => teams.update(name),
  restartOperator: (teams: Teams) => teams.restartOperator(),
};

const readersOf = (teams: Teams, wanted: string) =>
  [...teams.pods.values()].filter(({ token }) => token === wanted).map(({ name }) => name);

async function settle(teams: Teams) {
  for (let round = 0; round < 8; round += 1) {
    for (const name of names) {
      await teams.reconcile(name);
      await teams.roll(name);
      teams.update(name);
    }
    // Nobody reads with a former token any more.
    teams.now += 200_000;
  }
}

test("never do two pods read the updates of one bot, whatever happens, and in the end the oldest's does", async () => {
  const kinds = fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[]));
  const step = fc.tuple(kinds, fc.constantFrom(...names), fc.constantFrom(...tokens));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80, size: "max" }), async (taken) => {
      const teams = new Teams();
      for (const [kind, name, token] of taken) {
        await steps[kind](teams, name, token);
        for (const wanted of tokens) expect(readersOf(teams, wanted).length).toBeLessThanOrEqual(1);
      }
      await settle(teams);
      for (const wanted of tokens) {
        const oldest = [...teams.teams.keys()].find((name) => teams.secrets.get(name) === wanted);
        expect(readersOf(teams, wanted)).toEqual(oldest === undefined ? [] : [oldest]);
      }
    }),
    { numRuns: 500 },
  );
});
