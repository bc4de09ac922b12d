import fc from "fast-check";
import { expect, test } from "vitest";
import { decide } from "../../../../operator/deployment/rollout/decision.ts";
import type { Plan } from "../../../../operator/deployment/rollout/plan.ts";
import type { Track } from "../../../../operator/deployment/rollout/tracks.ts";
import { Stage } from "./support.ts";

type Change = { readonly what: string; readonly to: (stage: Stage) => Plan };

const tracks = ["blue", "green"] as const;
/** Only the API server's rules keep these from RollingUpdate. */
const ofBlueGreen = { analysis: undefined, promotion: "Automatic" } as const;

const analysis = { durationSeconds: 30, maxErrorPercent: 0, metrics: { maxErrorPercent: 0, minCalls: 1 } };

/** About a second for each property: with fewer, none of the faults that these have found would have been. */
const runs = { numRuns: 600 };

const trouble = "the pod ends by itself";

/** Notes how many pods were ready where clients are led to. */
class WatchedStage extends Stage {
  readonly readyAtSwitch: number[] = [];

  override step(): Plan {
    const { serviceTrack, sides } = this;
    const plan = super.step();
    if (plan.track === undefined || serviceTrack === undefined || plan.track === serviceTrack) return plan;
    const side = sides[plan.track];
    if (sides[serviceTrack]?.ready) this.readyAtSwitch.push(side?.labelled ? side.ready : 0);
    return plan;
  }
}

const anyTrack = fc.constantFrom(...tracks);

/** What people, pods and crashes do to a rollout. */
const harmless: fc.Arbitrary<Change> = fc.oneof(
  named("ready", anyTrack, (stage, track) => pods(stage, track, isReady)),
  named("ask", fc.constantFrom("one", "two", "three", "four"), (stage, version) => stage.ask(version)),
  named("strategy", fc.constantFrom("RollingUpdate", "BlueGreen"), (stage, strategy) =>
    spec(stage, strategy === "BlueGreen" ? { strategy } : { strategy, ...ofBlueGreen }),
  ),
  named("promotion", fc.constantFrom("Automatic", "Manual"), (stage, promotion) => beside(stage, { promotion })),
  named("onFailure", fc.constantFrom("Rollback", "Stop"), (stage, onFailure) => spec(stage, { onFailure })),
  named("pass", fc.constantFrom(1, 10), (stage, seconds) => stage.pass(seconds)),
  named("promote", fc.nat(6), (stage, revision) => set(stage, { promote: `${revision}` })),
  named("undo", fc.nat(6), (stage, revision) => set(stage, { undo: revision === 0 ? undefined : `${revision}` })),
  named("held", fc.boolean(), (stage, isHeld) => set(stage, { isHeld })),
  named("status lost, Ready", fc.boolean(), (stage, wasReady) => set(stage, { status: undefined, wasReady })),
  named("operator restarts", fc.constant(""), (stage) => set(stage, nothingAsked)),
  named("image held", fc.boolean(), (stage, isBlocked) => set(stage, { isBlocked })),
  named("hibernated", fc.boolean(), (stage, isStopped) => set(stage, { isStopped })),
  named("template deleted", fc.boolean(), (stage, isUndoLost) => set(stage, { isUndoLost })),
  named("beforeUpgrade", fc.constantFrom("Backup", "Nothing"), (stage, beforeUpgrade) =>
    spec(stage, { beforeUpgrade }),
  ),
  named("backup", fc.constantFrom("Running", "Succeeded", "Failed"), (stage, state) => {
    const revision = stage.status?.target;
    return set(stage, {
      backup: revision === undefined ? undefined : { revision, name: "backup", state, message: "" },
    });
  }),
  named("analysis", fc.boolean(), (stage, isAsked) => beside(stage, { analysis: isAsked ? analysis : undefined })),
  named("counted", anyTrack, (stage, track) =>
    set(stage, { measured: { template: stage.sides[track]?.template, passed: true } }),
  ),
);

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 3, arbitrary: harmless },
  named("pass", fc.constantFrom(100, 1000), (stage, seconds) => stage.pass(seconds)),
  named("counts errors", anyTrack, (stage, track) => set(stage, { measured: failing(stage, track) })),
  named("pods fail", anyTrack, (stage, track) => pods(stage, track, { settled: false, ready: 0, trouble })),
  named("pods crash", anyTrack, (stage, track) => pods(stage, track, { settled: false, ready: 0, crashes: true })),
  named("deadline", anyTrack, (stage, track) => pods(stage, track, { settled: false, deadlineExceeded: true })),
  named("handshake fails", anyTrack, (stage, track) => set(stage, { verified: failing(stage, track) })),
  named("trial fails", anyTrack, (stage, track) => set(stage, { preview: failing(stage, track) })),
);

function named<T>(what: string, values: fc.Arbitrary<T>, to: (stage: Stage, value: T) => Plan): fc.Arbitrary<Change> {
  return values.map((value) => ({ what: `${what} ${value}`, to: (stage) => to(stage, value) }));
}

const unhindered = { isHeld: false, isBlocked: false, isStopped: false, undo: undefined, backup: undefined };

const nothingAsked = { verified: undefined, preview: undefined, measured: undefined };

const set = (stage: Stage, fields: Partial<Stage>) => Object.assign(stage, fields).step();

const spec = (stage: Stage, fields: Partial<Stage["spec"]>) => set(stage, { spec: { ...stage.spec, ...fields } });

const beside = (stage: Stage, fields: Partial<Stage["spec"]>) =>
  stage.spec.strategy === "BlueGreen" ? spec(stage, fields) : stage.step();

type Side = NonNullable<Stage["sides"][Track]>;

function pods(stage: Stage, track: Track, fields: Partial<Side> | ((side: Side) => Partial<Side>)): Plan {
  const side = stage.sides[track];
  const changed = side && (typeof fields === "function" ? fields(side) : fields);
  if (side !== undefined) stage.sides[track] = { ...side, ...changed };
  return stage.step();
}

const isReady = ({ replicas }: Side) => ({ settled: true, ready: replicas });

const failing = (stage: Stage, track: Track) => ({
  template: stage.sides[track]?.template,
  passed: false,
  problem: trouble,
});

const settles: Change = { what: "settle", to: (stage) => stage.settle() };

const historyOf = (one: fc.Arbitrary<Change>) =>
  fc.array(fc.oneof({ weight: 2, arbitrary: one }, { weight: 1, arbitrary: fc.constant(settles) }), {
    maxLength: 30,
    size: "max",
  });

const changes = historyOf(change);

/** Random changes alone come to some of these rarely. */
const beginnings = {
  new: () => new WatchedStage(),
  rolling: () => good({ strategy: "RollingUpdate" }),
  blue: () => good({ strategy: "BlueGreen" }),
  green: () => {
    const stage = good({ strategy: "BlueGreen" });
    stage.ask("two");
    stage.settle();
    return stage;
  },
};

function good(rollout: Partial<Stage["spec"]>): WatchedStage {
  const stage = new WatchedStage(rollout);
  for (const _ of tracks) stage.settle();
  return stage;
}

const beginning = fc.constantFrom(...(Object.keys(beginnings) as (keyof typeof beginnings)[]));

function begun(name: keyof typeof beginnings): WatchedStage {
  const stage = beginnings[name]();
  stage.step();
  return stage;
}

test("whatever happened, a new version that is well takes over, and nothing is left of the way there", () => {
  fc.assert(
    fc.property(beginning, changes, fc.constantFrom("RollingUpdate", "BlueGreen"), (from, history, strategy) => {
      const stage = begun(from);
      for (const { to } of history) to(stage);
      Object.assign(stage, { ...unhindered, ...nothingAsked });
      stage.spec = { ...new Stage().spec, strategy };
      stage.ask("last");
      for (let passes = 0; passes < 8; passes += 1) {
        heal(stage);
        stage.settle();
        stage.pass(100);
      }
      const { revision, target, previous, moving, revisions } = stage.status!;
      expect({ target, previous, moving }, said(history)).toEqual({});
      expect(revisions?.find((entry) => entry.revision === revision)).toMatchObject({
        template: "last",
        outcome: "Active",
      });
      expect(revisions?.filter(({ outcome }) => outcome === "Active")).toHaveLength(1);
      const serving = stage.serviceTrack ?? "blue";
      expect(stage.sides).toMatchObject({ [serving]: { template: "last", settled: true } });
      expect(Object.keys(stage.sides)).toHaveLength(1);
      expect(stage.serviceTrack === undefined).toBe(strategy === "RollingUpdate");
    }),
    runs,
  );
});

test("clients are never led from pods that are ready to some that are not", () => {
  fc.assert(
    fc.property(beginning, changes, (from, history) => {
      const stage = begun(from);
      for (const { to } of history) to(stage);
      expect(Math.min(1, ...stage.readyAtSwitch), said(history)).toBe(1);
    }),
    runs,
  );
});

test("without a failure nothing is rolled back, whatever people change and in whatever order pods are ready", () => {
  fc.assert(
    fc.property(beginning, historyOf(harmless), (from, history) => {
      const stage = begun(from);
      for (const { to } of history) to(stage);
      expect(stage.history, said(history)).not.toMatch(/RolledBack|Failed/);
    }),
    runs,
  );
});

test("no version becomes active beside a good one while no server runs", () => {
  fc.assert(
    fc.property(beginning, changes, (from, history) => {
      const stage = begun(from);
      for (const { to } of history) {
        const before = stage.isStopped ? stage.status?.revision : undefined;
        to(stage);
        if (before !== undefined && stage.isStopped) expect([before, undefined]).toContain(stage.status?.revision);
      }
    }),
    runs,
  );
});

test("a decision is final: the same facts with the new state change nothing more, and nobody is told twice", () => {
  fc.assert(
    fc.property(beginning, changes, (from, history) => {
      const stage = begun(from);
      for (const { to } of history) {
        to(stage);
        const once = decide(stage.facts);
        expect(decide({ ...stage.facts, state: once.state }), said(history)).toMatchObject({
          state: once.state,
          notes: [],
        });
      }
    }),
    runs,
  );
});

test("what the status names is among its revisions, of which one is active and those that failed say so", () => {
  fc.assert(
    fc.property(beginning, changes, (from, history) => {
      const stage = begun(from);
      let failed = new Set<number>();
      for (const { to } of history) {
        const plan = to(stage);
        const { revision, target, previous, tried, revisions = [] } = stage.status!;
        const known = revisions.map((entry) => entry.revision);
        const named = [revision, target, previous, tried].filter((number) => number !== undefined);
        expect(known, said(history)).toEqual(expect.arrayContaining(named));
        expect(known).toEqual([...new Set(known)].sort((a, b) => a - b));
        const active = revisions.filter(({ outcome }) => outcome === "Active").map((entry) => entry.revision);
        expect(active, said(history)).toEqual(revision === undefined ? [] : [revision]);
        const kept = revisions.filter(({ outcome }) => outcome === "Previous").map((entry) => entry.revision);
        expect([[], [previous]], said(history)).toContainEqual(kept);
        expect(known.length).toBeLessThanOrEqual(stage.spec.revisionHistoryLimit + 3);
        if (plan.track !== undefined) expect(plan.serving.labelled).toBe(true);
        const forgotten = revisions.filter((entry) => entry.outcome === "Superseded" && failed.has(entry.revision));
        expect(forgotten, said(history)).toEqual([]);
        failed = new Set(revisions.filter(hasFailed).map((entry) => entry.revision));
      }
    }),
    runs,
  );
});

/** The deadline that passed belongs to pods that were replaced since. */
function heal(stage: Stage): void {
  for (const track of tracks) {
    const side = stage.sides[track];
    if (side) stage.sides[track] = { ...side, deadlineExceeded: false, crashes: false };
  }
}

const said = (history: readonly Change[]) => history.map(({ what }) => what).join(", ");

const hasFailed = ({ outcome }: { readonly outcome: string }) => outcome === "Failed" || outcome === "RolledBack";
