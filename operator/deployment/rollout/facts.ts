import type { Revision, RolloutStatus } from "../../api/rollout.ts";
import type { DeploymentSpec } from "../../api/spec.ts";
import type { Track } from "./tracks.ts";

/** The Deployment of a track, as it was seen. */
export type Side = {
  /** The template that was applied last. */
  readonly template: string;
  readonly revision: number | undefined;
  /** Every pod of it has the track's label. */
  readonly labelled: boolean;
  /** All desired pods are made from the template and ready, and no older one is left. */
  readonly settled: boolean;
  readonly replicas: number;
  readonly ready: number;
  readonly deadlineExceeded: boolean;
  /** What keeps one of its newest pods from running. */
  readonly trouble: string | undefined;
  /** One of them has ended by itself: that is the version's own fault, and not that of the cluster. */
  readonly crashes: boolean;
};

/** A result of the verifier, for the pods of one template. */
export type Verification = {
  /** Undefined: servers of several templates could answer. */
  readonly template: string | undefined;
  readonly passed: boolean;
  /** What failed for so long that it is no normal state of a start. */
  readonly problem?: string | undefined;
  /** Why it has not passed, although nothing has failed. */
  readonly waits?: string | undefined;
};

/** How the backup stands that was made for a revision. */
export type Backup = {
  readonly revision: number;
  readonly name: string;
  readonly state: "Running" | "Succeeded" | "Failed";
  /** Why it failed. */
  readonly message: string;
};

/** Everything that a rollout is decided from, read at one moment. */
export type Facts = {
  readonly spec: DeploymentSpec["rollout"];
  readonly state: State;
  /** What the spec asks for. `key` also changes with a wish for a restart, which asks for another try. */
  readonly wanted: { readonly template: string; readonly image: string; readonly key: string };
  readonly sides: { readonly [track in Track]?: Side };
  /** The track that the Service leads to. */
  readonly serviceTrack: Track | undefined;
  /** The image that the ready pods run. */
  readonly runningImage: string | undefined;
  /** The image of the bridge, as it was applied last. */
  readonly bridgeImage: string | undefined;
  /** The spec asks for no servers. */
  readonly isStopped: boolean;
  /** No maintenance window is open: a new version has to wait. */
  readonly isHeld: boolean;
  /** The wanted image is not accepted. */
  readonly isBlocked: boolean;
  readonly wasReady: boolean;
  /** The handshake through the Service. */
  readonly verified: Verification | undefined;
  /** What the new version was asked before clients reach it. */
  readonly preview: Verification | undefined;
  /** What its metrics say, and those of the version that clients have just got. */
  readonly measured: Verification | undefined;
  /** The backup that an upgrade waits for; undefined before it was asked for. */
  readonly backup: Backup | undefined;
  /** What the wanted template changes, for people. */
  readonly changes: string;
  readonly promote?: string | undefined;
  readonly undo?: string | undefined;
  /** Somebody has deleted the template that undo asks for. */
  readonly isUndoLost: boolean;
  /** Connections to pods that no Service leads to any more end within this time. */
  readonly lingerMs: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
};

/** The rollout as the status keeps it. */
export type State = Omit<RolloutStatus, "revisions"> & { readonly revisions: readonly Revision[] };

export const stateOf = (status: RolloutStatus | undefined): State => ({
  ...status,
  revisions: status?.revisions ?? [],
});

export const entryOf = (state: State, revision: number | undefined): Revision | undefined =>
  state.revisions.find((entry) => entry.revision === revision);

/** The spec asks for another template than the one that runs, or is on its way, and it has not failed. */
export function isNews({ state, wanted }: Facts): boolean {
  const current = entryOf(state, state.target ?? state.revision);
  return state.rejected === undefined && current !== undefined && current.template !== wanted.template;
}

/** A new version waits for a maintenance window. Until there is a good one, none waits. */
export const waitsForWindow = (facts: Facts): boolean =>
  facts.isHeld && !facts.isBlocked && facts.state.revision !== undefined && isNews(facts);

/** The track whose pods clients reach. */
export const servingTrack = ({ track }: State): Track => track ?? "blue";

/**
 * The target replaces the pods that clients reach. With BlueGreen that is so only until there is a good version.
 */
export const isInPlace = ({ spec, state }: Facts): boolean =>
  spec.strategy === "RollingUpdate" || state.revision === undefined;

/**
 * The strategy has just changed: pods get their labels, or move to the track of RollingUpdate, before anything else. Only a good
 * version moves.
 */
export function isMoving({ spec, state }: Facts): boolean {
  if (state.revision === undefined) return false;
  return spec.strategy === "RollingUpdate" ? state.track === "green" : state.track === undefined;
}

/** No servers run, so that no other version can show whether it is good. The first one is taken as it is. */
export const isAtRest = ({ isStopped, state }: Facts): boolean => isStopped && state.revision !== undefined;
