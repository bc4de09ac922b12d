import type { Revision } from "../../api/rollout.ts";
import { entryOf, type Facts, isInPlace, isMoving, type Side, type State, servingTrack } from "./facts.ts";
import { marked, type Note, type Policy, type Step, superseded, without, withoutPrevious } from "./steps.ts";
import { otherTrack } from "./tracks.ts";

/** The Deployment that runs the target; undefined while it does not. */
function targetSide(facts: Facts): Side | undefined {
  const { state, sides } = facts;
  const track = isInPlace(facts) ? servingTrack(state) : otherTrack(servingTrack(state));
  const side = sides[track];
  return side?.template === entryOf(state, state.target)?.template ? side : undefined;
}

/** Until when the target may take, in ms since the epoch. */
export function deadlineOf({ state, spec }: Facts): number | undefined {
  const target = entryOf(state, state.target);
  if (target?.outcome !== "Previewing") return undefined;
  return Date.parse(target.since) + (spec.progressDeadlineSeconds + (spec.analysis?.durationSeconds ?? 0)) * 1000;
}

export const resultFor = (template: string | undefined, result: Facts["preview"]) =>
  result?.template === template ? result : undefined;

/** Whether a version on the other track has passed all that it was tried by. */
const isTried = ({ spec, preview, measured }: Facts, template: string | undefined): boolean =>
  resultFor(template, preview)?.passed === true &&
  (spec.analysis?.metrics === undefined || resultFor(template, measured)?.passed === true);

/** Why the target cannot be rolled out. */
function failureOf(facts: Facts): string | undefined {
  const { state, verified, isStopped } = facts;
  const side = targetSide(facts);
  const { template } = entryOf(state, state.target) ?? {};
  const notReady = side?.trouble ?? "its pods do not become ready within rollout.progressDeadlineSeconds";
  if (side?.deadlineExceeded) return notReady;
  if (isStopped) return undefined;
  if (isInPlace(facts)) return side?.settled ? resultFor(template, verified)?.problem : undefined;
  return trialFailure(facts, template, { isUp: side?.settled === true, notReady });
}

/** Why a version fails that runs beside the one that clients reach. */
function trialFailure(
  facts: Facts,
  template: string | undefined,
  { isUp, notReady }: { readonly isUp: boolean; readonly notReady: string },
): string | undefined {
  const [tried, counted] = [resultFor(template, facts.preview), resultFor(template, facts.measured)];
  const problem = tried?.problem ?? counted?.problem;
  if (isUp && problem !== undefined) return problem;
  // An operator that has just started has asked it nothing yet.
  const wasTried = isTried(facts, template) || facts.state.tried === facts.state.target;
  const isLate = !wasTried && facts.now > (deadlineOf(facts) ?? Number.POSITIVE_INFINITY);
  if (!isLate) return undefined;
  return (isUp && tried?.passed ? counted?.waits : undefined) ?? notReady;
}

/** The target fails: back to the last good revision. */
export const fails: Policy = (facts) => {
  const { state, spec } = facts;
  const target = entryOf(state, state.target);
  if (target === undefined || target.outcome === "Waiting" || isMoving(facts)) return undefined;
  const cause = failureOf(facts);
  if (cause === undefined) return undefined;
  if (spec.onFailure === "Stop" || state.revision === undefined) {
    const isKnown = target.outcome === "Failed" && target.message === cause;
    return isKnown
      ? undefined
      : { state: marked(facts, state, target.revision, { outcome: "Failed", message: cause }) };
  }
  return {
    state: marked(facts, rejecting(facts, without(state, "target"), target), target.revision, {
      outcome: "RolledBack",
      message: cause,
    }),
  };
};

/** What the spec asks for has failed, and is not tried again until it changes. */
export const rejecting = ({ wanted }: Facts, state: State, { template }: Revision): State =>
  template === wanted.template ? { ...state, rejected: { key: wanted.key, cause: "RolledBack" } } : state;

/** All pods run the target, and a client could use them. */
export const completes: Policy = (facts) => {
  const { state, verified, isStopped } = facts;
  const target = entryOf(state, state.target);
  if (target === undefined || target.outcome === "Waiting" || !isInPlace(facts) || isMoving(facts)) return undefined;
  // As long as no version was good, any server that answers shows that this one is.
  const result = state.revision === undefined ? verified : resultFor(target.template, verified);
  const isVerified = isStopped || result?.passed === true;
  if (!targetSide(facts)?.settled || !isVerified) return undefined;
  return arrived(facts, target, superseded(facts, state, state.revision));
};

function arrived(facts: Facts, { revision }: Revision, state: State): Step {
  const isFirst = facts.state.revision === undefined;
  const after = marked(facts, without({ ...state, revision }, "target"), revision, { outcome: "Active" });
  const note: Note = { type: "Normal", reason: "RolloutCompleted", message: `clients reach revision ${revision}` };
  return { state: after, ...(isFirst ? {} : { note }) };
}

/** The strategy is BlueGreen and all pods have the label of their track: from now on the Service selects it. */
export const joinsTrack: Policy = ({ spec, state, sides }) => {
  if (spec.strategy !== "BlueGreen" || state.track !== undefined || state.revision === undefined) return undefined;
  return sides.blue?.labelled && sides.blue.settled ? { state: { ...state, track: "blue" } } : undefined;
};

/** The strategy is RollingUpdate and only blue servers are left: the Service need not select them any more. */
export const leavesTrack: Policy = ({ spec, state, sides }) =>
  spec.strategy === "RollingUpdate" && state.track === "blue" && !sides.green && state.previous === undefined
    ? { state: without(state, "track") }
    : undefined;

/** Enough pods on the other track are ready, and answered what they were asked. */
function isProven(facts: Facts, template: string): boolean {
  const { state, sides, isStopped } = facts;
  const [serving, other] = [sides[servingTrack(state)], sides[otherTrack(servingTrack(state))]];
  if (other === undefined || other.template !== template || !other.settled) return false;
  return isStopped || (other.ready >= (serving?.replicas ?? 1) && isTried(facts, template));
}

const isPromoted = ({ spec, state, promote }: Facts) => spec.promotion === "Automatic" || promote === `${state.target}`;

/** The target has passed its trial, which is kept: from now on it waits for a word without end. */
export const waits: Policy = (facts) => {
  const { state } = facts;
  const target = entryOf(state, state.target);
  if (state.tried !== undefined && state.tried !== target?.revision) return { state: without(state, "tried") };
  if (state.tried !== undefined || target?.outcome !== "Previewing" || isPromoted(facts)) return undefined;
  return isProven(facts, target.template) ? { state: { ...state, tried: target.revision } } : undefined;
};

/** The Service leads to the target from now on. */
export const promotes: Policy = (facts) => {
  const { state } = facts;
  const target = entryOf(state, state.target);
  if (target === undefined || isInPlace(facts) || isMoving(facts)) return undefined;
  if (target.outcome === "Failed" || target.outcome === "Waiting") return undefined;
  if (!isProven(facts, target.template) || !isPromoted(facts)) return undefined;
  const kept = marked(facts, state, state.revision, { outcome: "Previous" });
  const previous = state.revision === undefined ? {} : { previous: state.revision };
  return arrived(facts, target, { ...kept, ...previous, track: otherTrack(servingTrack(state)) });
};

/** With RollingUpdate the servers are the blue ones: the same version takes over there. */
export const movesHome: Policy = (facts) => {
  const { state, spec } = facts;
  const active = entryOf(state, state.revision);
  if (spec.strategy !== "RollingUpdate" || state.track !== "green" || active === undefined) return undefined;
  if (!isProven(facts, active.template)) return undefined;
  const moved: State = { ...withoutPrevious(facts, state), track: "blue", previous: active.revision };
  return { state: marked(facts, moved, active.revision, { outcome: "Active" }) };
};
