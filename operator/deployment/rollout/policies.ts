import type { Revision } from "../../api/rollout.ts";
import { printable } from "../printable.ts";
import { entryOf, type Facts, isInPlace, isMoving, type Side, type State, servingTrack } from "./facts.ts";
import { otherTrack } from "./tracks.ts";

/** Something to tell people about. */
export type Note = { readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string };

/** A step of a rollout: the state after it. */
type Step = { readonly state: State; readonly note?: Note };

/** Whether a step is due, and which. */
type Policy = (facts: Facts) => Step | undefined;

/** Connections to pods that no Service leads to any more end within this time. */
const lingerMs = 15_000;

const timeOf = (ms: number) => new Date(ms).toISOString();

const longestMessage = 1024;

function marked(facts: Facts, state: State, revision: number | undefined, change: Partial<Revision>): State {
  const since = timeOf(facts.now);
  const revisions = state.revisions.map((entry) =>
    entry.revision === revision
      ? { ...entry, since, ...change, message: printable(change.message ?? entry.message, longestMessage) }
      : entry,
  );
  return { ...state, revisions };
}

/** Left out where undefined, as the status is stored. */
function without<K extends keyof State>(state: State, ...names: K[]): State {
  const entries = Object.entries(state).filter(([name]) => !(names as string[]).includes(name));
  return Object.fromEntries(entries) as unknown as State;
}

const superseded = (facts: Facts, state: State, revision: number | undefined, message?: string): State =>
  revision === undefined
    ? state
    : marked(facts, state, revision, { outcome: "Superseded", ...(message === undefined ? {} : { message }) });

/** The first revision: that of pods which are there, or what the spec asks for. */
const begins: Policy = (facts) => {
  const { state, sides, serviceTrack, wanted, runningImage, wasReady, now } = facts;
  if (state.revisions.length > 0) return undefined;
  const track = serviceTrack ?? (sides.blue ? "blue" : "green");
  const side = sides[track];
  const revision = side?.revision ?? 1;
  const isGood = side !== undefined && wasReady;
  const entry: Revision = {
    revision,
    template: side?.template ?? wanted.template,
    image: (side === undefined ? wanted.image : runningImage) ?? wanted.image,
    outcome: isGood ? "Active" : "RollingOut",
    message: "the first revision",
    since: timeOf(now),
  };
  const kept = side !== undefined && (serviceTrack !== undefined || track === "green") ? { track } : {};
  return { state: { ...state, ...kept, ...(isGood ? { revision } : { target: revision }), revisions: [entry] } };
};

/** A wish to go back to a revision that is kept. What the spec asks for is not tried until it changes. */
const undoes: Policy = (facts) => {
  const { state, undo, wanted } = facts;
  if (undo === undefined) return state.undone === undefined ? undefined : { state: without(state, "undone") };
  if (undo === state.undone) return undefined;
  const asked = state.revisions.find(({ revision }) => `${revision}` === undo);
  const heard: State = { ...state, undone: undo };
  const [from, to] = [state.target ?? state.revision, asked?.revision];
  if (asked === undefined || to === from) return { state: heard, note: refusedUndo(state, undo, asked) };
  const rejected: State = { ...heard, rejected: { key: wanted.key, cause: "Undone" } };
  const message = `undone: cctelegram.io/undo asks for revision ${to}`;
  const note: Note = {
    type: "Normal",
    reason: "UndoStarted",
    message: `${message}; what the spec asks for waits until it changes`,
  };
  const cancelled = superseded(facts, without(rejected, "target"), state.target, message);
  if (to === state.revision) return { state: cancelled, note };
  const outcome = startOf(facts);
  const free = without(cancelled, "previous");
  const freed = to === state.previous ? free : superseded(facts, free, state.previous);
  return {
    state: marked(facts, { ...freed, target: asked.revision }, to, {
      outcome,
      message: "asked for by cctelegram.io/undo",
    }),
    note,
  };
};

function refusedUndo({ revisions }: State, undo: string, asked: Revision | undefined): Note {
  const kept = revisions.map(({ revision }) => revision).join(", ");
  const cause = asked ? `revision ${undo} is the present one` : `there is no revision ${undo}`;
  return {
    type: "Warning",
    reason: "UndoRefused",
    message: `${cause}: cctelegram.io/undo names one of these: ${kept}`,
  };
}

/** A spec that was rolled back or undone has changed. */
const forgives: Policy = ({ state, wanted }) =>
  state.rejected === undefined || state.rejected.key === wanted.key ? undefined : { state: without(state, "rejected") };

const startOf = (facts: Facts): Revision["outcome"] => {
  if (isMoving(facts)) return "Waiting";
  return isInPlace(facts) ? "RollingOut" : "Previewing";
};

/** The spec asks for another template than the one that runs, or is on its way. */
const starts: Policy = (facts) => {
  const { state, wanted, spec, changes } = facts;
  const current = entryOf(state, state.target ?? state.revision);
  if (state.rejected !== undefined || current === undefined || current.template === wanted.template) return undefined;
  const stopped = superseded(
    facts,
    without(state, "target"),
    state.target,
    "the spec changed before it was rolled out",
  );
  if (entryOf(state, state.revision)?.template === wanted.template) return { state: stopped };
  const revision = Math.max(...state.revisions.map((entry) => entry.revision)) + 1;
  const message = changes === "" ? "another pod template" : `changes ${changes}`;
  const entry: Revision = { ...wantedEntry(facts), revision, outcome: startOf(facts), message };
  const freed = superseded(facts, without(stopped, "previous"), state.previous);
  const target = { ...freed, target: revision, revisions: [...freed.revisions, entry] };
  const note: Note = { type: "Normal", reason: "RolloutStarted", message: `revision ${revision} ${message}` };
  return { state: trimmed(target, spec.revisionHistoryLimit), ...(state.revision === undefined ? {} : { note }) };
};

const wantedEntry = ({ wanted: { template, image }, now }: Facts) => ({ template, image, since: timeOf(now) });

/** The newest so many besides those in use; of equal templates only the newest. */
function trimmed(state: State, limit: number): State {
  const inUse = new Set([state.revision, state.target, state.previous]);
  const newest = new Map(state.revisions.map(({ template, revision }) => [template, revision]));
  const former = state.revisions.filter(
    ({ revision, template }) => !inUse.has(revision) && newest.get(template) === revision,
  );
  const kept = new Set(former.slice(-limit).map(({ revision }) => revision));
  return { ...state, revisions: state.revisions.filter(({ revision }) => inUse.has(revision) || kept.has(revision)) };
}

/** What held the target up is over. */
const continues: Policy = (facts) => {
  const { state } = facts;
  const target = entryOf(state, state.target);
  if (target?.outcome !== "Waiting" || isMoving(facts)) return undefined;
  return { state: marked(facts, state, target.revision, { outcome: startOf(facts) }) };
};

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

const resultFor = (template: string | undefined, result: Facts["preview"]) =>
  result?.template === template ? result : undefined;

/** Why the target cannot be rolled out. */
function failureOf(facts: Facts): string | undefined {
  const { state, verified, preview, now } = facts;
  const side = targetSide(facts);
  const { template } = entryOf(state, state.target) ?? {};
  const notReady = side?.trouble ?? "its pods do not become ready within rollout.progressDeadlineSeconds";
  if (side?.deadlineExceeded) return notReady;
  if (isInPlace(facts)) return side?.settled ? resultFor(template, verified)?.problem : undefined;
  const tried = resultFor(template, preview);
  if (side?.settled && tried?.problem !== undefined) return tried.problem;
  const isLate = !tried?.passed && now > (deadlineOf(facts) ?? Number.POSITIVE_INFINITY);
  return isLate ? notReady : undefined;
}

/** The target fails: back to the last good revision. */
const fails: Policy = (facts) => {
  const { state, spec } = facts;
  const target = entryOf(state, state.target);
  if (target === undefined || isMoving(facts)) return undefined;
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
const rejecting = ({ wanted }: Facts, state: State, { template }: Revision): State =>
  template === wanted.template ? { ...state, rejected: { key: wanted.key, cause: "RolledBack" } } : state;

/** All pods run the target, and a client could use them. */
const completes: Policy = (facts) => {
  const { state, verified, isStopped } = facts;
  const target = entryOf(state, state.target);
  if (target === undefined || !isInPlace(facts) || isMoving(facts)) return undefined;
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
const joinsTrack: Policy = ({ spec, state, sides }) => {
  if (spec.strategy !== "BlueGreen" || state.track !== undefined || state.revision === undefined) return undefined;
  return sides.blue?.labelled && sides.blue.settled ? { state: { ...state, track: "blue" } } : undefined;
};

/** The strategy is RollingUpdate and only blue servers are left: the Service need not select them any more. */
const leavesTrack: Policy = ({ spec, state, sides }) =>
  spec.strategy === "RollingUpdate" && state.track === "blue" && !sides.green && state.previous === undefined
    ? { state: without(state, "track") }
    : undefined;

/** Enough pods on the other track are ready, and answered what they were asked. */
function isProven(facts: Facts, template: string): boolean {
  const { state, sides, preview, isStopped } = facts;
  const [serving, other] = [sides[servingTrack(state)], sides[otherTrack(servingTrack(state))]];
  if (other === undefined || other.template !== template || !other.settled) return false;
  return isStopped || (other.ready >= (serving?.replicas ?? 1) && resultFor(template, preview)?.passed === true);
}

const isPromoted = ({ spec, state, promote }: Facts) => spec.promotion === "Automatic" || promote === `${state.target}`;

/** The Service leads to the target from now on. */
const promotes: Policy = (facts) => {
  const { state } = facts;
  const target = entryOf(state, state.target);
  if (target === undefined || isInPlace(facts) || isMoving(facts) || target.outcome === "Failed") return undefined;
  if (!isProven(facts, target.template) || !isPromoted(facts)) return undefined;
  const kept = marked(facts, state, state.revision, { outcome: "Previous" });
  const previous = state.revision === undefined ? {} : { previous: state.revision };
  return arrived(facts, target, { ...kept, ...previous, track: otherTrack(servingTrack(state)) });
};

/** With RollingUpdate the servers are the blue ones: the same version takes over there. */
const movesHome: Policy = (facts) => {
  const { state, spec } = facts;
  const active = entryOf(state, state.revision);
  if (spec.strategy !== "RollingUpdate" || state.track !== "green" || active === undefined) return undefined;
  if (!isProven(facts, active.template)) return undefined;
  const moved: State = { ...state, track: "blue", previous: active.revision };
  return { state: marked(facts, moved, active.revision, { outcome: "Active" }) };
};

/** Why clients should not stay with the version that they reach since the switch. */
function regretOf({ state, sides, verified }: Facts): string | undefined {
  const side = sides[servingTrack(state)];
  const active = entryOf(state, state.revision);
  if (side === undefined || side.template !== active?.template) return undefined;
  if (side.crashes) return side.trouble;
  if (side.ready === 0 && side.replicas > 0) return "none of its pods is ready any more";
  return resultFor(active.template, verified)?.problem;
}

/** The version fails while the one before is still there: clients go back to that at once. */
const returns: Policy = (facts) => {
  const { state, spec, sides } = facts;
  const [active, before] = [entryOf(state, state.revision), entryOf(state, state.previous)];
  if (spec.onFailure === "Stop" || state.target !== undefined || !active || before?.outcome !== "Previous")
    return undefined;
  const cause = regretOf(facts);
  const back = otherTrack(servingTrack(state));
  const isThere = sides[back]?.template === before.template && sides[back].ready > 0 && sides[back].settled;
  if (cause === undefined || !isThere) return undefined;
  const returned: State = {
    ...rejecting(facts, state, active),
    track: back,
    revision: before.revision,
    previous: active.revision,
  };
  const good = marked(facts, returned, before.revision, { outcome: "Active" });
  return { state: marked(facts, good, active.revision, { outcome: "RolledBack", message: cause }) };
};

/** Until when the other track's pods are kept, in ms since the epoch. */
export function keptUntil({ state, spec }: Facts): number | undefined {
  const [active, previous] = [entryOf(state, state.revision), entryOf(state, state.previous)];
  if (active === undefined || state.previous === undefined) return undefined;
  const keptMs =
    previous?.outcome === "Previous" && spec.strategy === "BlueGreen" ? spec.keepPreviousSeconds * 1000 : 0;
  return Date.parse(active.since) + Math.max(lingerMs, keptMs);
}

/** The version before is not needed any more. */
const retires: Policy = (facts) => {
  const { state, now } = facts;
  if (now < (keptUntil(facts) ?? Number.POSITIVE_INFINITY)) return undefined;
  const free = without(state, "previous");
  const isFormer = entryOf(state, state.previous)?.outcome === "Previous";
  return { state: isFormer ? superseded(facts, free, state.previous) : free };
};

/** In this order: whoever asks for something is heard first, what fails is seen before what succeeds. */
export const policies: readonly Policy[] = [
  begins,
  undoes,
  forgives,
  starts,
  continues,
  fails,
  completes,
  joinsTrack,
  leavesTrack,
  promotes,
  movesHome,
  returns,
  retires,
];
