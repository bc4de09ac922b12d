import type { RolloutStatus } from "../../../../operator/api/rollout.ts";
import { type Decision, decide } from "../../../../operator/deployment/rollout/decision.ts";
import { type Facts, type Side, stateOf } from "../../../../operator/deployment/rollout/facts.ts";
import { type Plan, planOf } from "../../../../operator/deployment/rollout/plan.ts";
import type { Track } from "../../../../operator/deployment/rollout/tracks.ts";
import { specOf } from "../support/blueprint.ts";

type Spec = Partial<Facts["spec"]>;

/**
 * A cluster in miniature: what a plan asks for is there after `settle`, and the next decision sees it. So whole rollouts are
 * played without an API server.
 */
export class Stage {
  spec: Facts["spec"];
  status: RolloutStatus | undefined;
  wanted = wantedOf("one");
  sides: { [track in Track]?: Side } = {};
  serviceTrack: Track | undefined;
  verified: Facts["verified"];
  preview: Facts["preview"];
  measured: Facts["measured"];
  bridgeImage: string | undefined;
  backup: Facts["backup"];
  wasReady = false;
  promote: string | undefined;
  undo: string | undefined;
  isUndoLost = false;
  isHeld = false;
  isBlocked = false;
  isStopped = false;
  now = Date.parse("2026-01-01T00:00:00.000Z");
  readonly notes: string[] = [];

  constructor(spec: Spec = {}) {
    this.spec = { ...specOf().rollout, ...spec };
  }

  get facts(): Facts {
    return {
      spec: this.spec,
      state: stateOf(this.status),
      wanted: this.wanted,
      sides: this.sides,
      serviceTrack: this.serviceTrack,
      runningImage: "server:one",
      bridgeImage: this.bridgeImage,
      isStopped: this.isStopped,
      isBlocked: this.isBlocked,
      isHeld: this.isHeld,
      wasReady: this.wasReady,
      verified: this.verified,
      preview: this.preview,
      measured: this.measured,
      backup: this.backup,
      changes: "image",
      promote: this.promote,
      undo: this.undo,
      isUndoLost: this.isUndoLost,
      lingerMs: 15_000,
      now: this.now,
    };
  }

  /** One reconcile: decides, stores, and writes what the plan asks for; new pods are not ready yet. */
  step(): Plan {
    const decision: Decision = decide(this.facts);
    this.status = { ...decision.state, revisions: [...decision.state.revisions] };
    this.notes.push(...decision.notes.map(({ reason }) => reason));
    const plan = planOf(this.facts);
    this.serviceTrack = plan.track;
    this.bridgeImage = plan.bridgeImage;
    const before = this.sides;
    this.sides = {};
    for (const servers of [plan.serving, plan.beside]) {
      if (servers === undefined) continue;
      const { track, template, revision, labelled } = servers;
      const live = before[track];
      const replicas = this.isStopped ? 0 : started.replicas;
      const isSame = live?.template === template && live.labelled === labelled && live.replicas === replicas;
      this.sides[track] = isSame ? { ...live, revision } : { ...started, replicas, template, revision, labelled };
    }
    return plan;
  }

  /** All pods become ready and answer; then the next reconcile. */
  settle(): Plan {
    for (const track of ["blue", "green"] as const) {
      const side = this.sides[track];
      if (side) this.sides[track] = { ...side, settled: true, ready: side.replicas, trouble: undefined };
    }
    if (this.isStopped) return this.step();
    const { serviceTrack } = this;
    const serving = this.sides[serviceTrack ?? "blue"];
    if (serving?.labelled || serviceTrack === undefined) this.verified = { template: serving?.template, passed: true };
    // The Service of a trial selects the label of the track.
    const beside = this.sides[serviceTrack === "green" ? "blue" : "green"];
    if (beside?.labelled) this.preview = { template: beside.template, passed: true };
    return this.step();
  }

  /** The spec asks for another version. */
  ask(version: string): Plan {
    this.wanted = wantedOf(version);
    return this.step();
  }

  pass(seconds: number): Plan {
    this.now += seconds * 1000;
    return this.step();
  }

  /** A first version is there, and good. */
  static good(spec: Spec = {}): Stage {
    const stage = new Stage(spec);
    stage.step();
    stage.settle();
    stage.settle();
    return stage;
  }

  /** "1 Superseded, 2 Active" */
  get history(): string {
    return (this.status?.revisions ?? []).map(({ revision, outcome }) => `${revision} ${outcome}`).join(", ");
  }
}

const started = { settled: false, replicas: 3, ready: 0, deadlineExceeded: false, trouble: undefined, crashes: false };

export const blueGreen = { strategy: "BlueGreen", keepPreviousSeconds: 60 } as const;

export const wantedOf = (version: string) => ({ template: version, image: `server:${version}`, key: version });

/** "blue 1, green 2 -> blue": what runs, and where the Service leads. */
export const shown = ({ serving, beside, track }: Plan): string => {
  const servers = [serving, ...(beside ? [beside] : [])].map(({ track, revision }) => `${track} ${revision}`);
  return `${servers.join(", ")} -> ${track ?? "all"}`;
};
