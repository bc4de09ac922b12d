import type { Revision } from "../../api/rollout.ts";
import { printable } from "../printable.ts";
import { entryOf, type Facts, isAtRest, isInPlace, isMoving, isNews, type State, waitsForWindow } from "./facts.ts";
import {
  longestMessage,
  marked,
  type Note,
  type Policy,
  superseded,
  timeOf,
  without,
  withoutPrevious,
} from "./steps.ts";

/** The first revision: that of pods which are there, or what the spec asks for. */
export const begins: Policy = (facts) => {
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
export const undoes: Policy = (facts) => {
  const { state, undo, wanted } = facts;
  if (undo === undefined) return state.undone === undefined ? undefined : { state: without(state, "undone") };
  if (undo === state.undone) return undefined;
  const asked = state.revisions.find(({ revision }) => `${revision}` === undo);
  const heard: State = { ...state, undone: undo };
  const [from, to] = [state.target ?? state.revision, asked?.revision];
  if (asked === undefined || to === from || facts.isUndoLost)
    return { state: heard, note: refusedUndo(facts, undo, asked) };
  const rejected: State = { ...heard, rejected: { key: wanted.key, cause: "Undone" } };
  const message = `undone: cctelegram.io/undo asks for revision ${to}`;
  const note: Note = {
    type: "Normal",
    reason: "UndoStarted",
    message: `${message}; what the spec asks for waits until it changes`,
  };
  const cancelled = superseded(facts, without(rejected, "target"), state.target, message);
  if (to === state.revision) return { state: cancelled, note };
  const outcome = startOf(facts, asked);
  const freed = to === state.previous ? without(cancelled, "previous") : withoutPrevious(facts, cancelled);
  return {
    state: marked(facts, { ...freed, target: asked.revision }, to, {
      outcome,
      message: "asked for by cctelegram.io/undo",
    }),
    note,
  };
};

function refusedUndo({ state, isUndoLost }: Facts, undo: string, asked: Revision | undefined): Note {
  const kept = state.revisions.map(({ revision }) => revision).join(", ");
  const present = isUndoLost ? `the template of revision ${undo} is gone` : `revision ${undo} is the present one`;
  const cause = asked ? present : `there is no revision ${undo}`;
  return {
    type: "Warning",
    reason: "UndoRefused",
    message: `${cause}: cctelegram.io/undo names one of these: ${kept}`,
  };
}

/** A spec that was rolled back or undone has changed. */
export const forgives: Policy = ({ state, wanted }) =>
  state.rejected === undefined || state.rejected.key === wanted.key ? undefined : { state: without(state, "rejected") };

/** The bridge would get another image, and so its data another program. */
export const needsBackup = ({ spec, state, wanted, bridgeImage }: Facts, { template, image }: Revision): boolean =>
  spec.beforeUpgrade === "Backup" &&
  state.revision !== undefined &&
  template === wanted.template &&
  bridgeImage !== undefined &&
  bridgeImage !== image;

/** An upgrade waits for a backup of its own. */
const hasBackup = ({ backup }: Facts, { revision }: Revision) =>
  backup?.revision === revision && backup.state === "Succeeded";

function startOf(facts: Facts, entry: Revision): Revision["outcome"] {
  if (isMoving(facts) || isAtRest(facts) || (needsBackup(facts, entry) && !hasBackup(facts, entry))) return "Waiting";
  return isInPlace(facts) ? "RollingOut" : "Previewing";
}

/** The spec asks for another template than the one that runs, or is on its way. */
export const starts: Policy = (facts) => {
  const { state, wanted, spec, changes } = facts;
  if (!isNews(facts) || facts.isBlocked || waitsForWindow(facts)) return undefined;
  const stopped = superseded(
    facts,
    without(state, "target"),
    state.target,
    "the spec changed before it was rolled out",
  );
  if (entryOf(state, state.revision)?.template === wanted.template) return { state: stopped };
  const revision = Math.max(...state.revisions.map((entry) => entry.revision)) + 1;
  const message = changes === "" ? "another pod template" : `changes ${changes}`;
  const entry: Revision = {
    ...wantedEntry(facts),
    revision,
    outcome: "Waiting",
    message: printable(message, longestMessage),
  };
  const freed = withoutPrevious(facts, stopped);
  const target = {
    ...freed,
    target: revision,
    revisions: [...freed.revisions, { ...entry, outcome: startOf(facts, entry) }],
  };
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

/** Nothing can be tried while no server runs: the target begins anew when they wake. */
export const rests: Policy = (facts) => {
  const { state } = facts;
  const target = entryOf(state, state.target);
  if (!isAtRest(facts) || target === undefined || target.outcome === "Waiting") return undefined;
  return { state: marked(facts, state, target.revision, { outcome: "Waiting" }) };
};

/** What held the target up is over. */
export const continues: Policy = (facts) => {
  const { state } = facts;
  const target = entryOf(state, state.target);
  const outcome = target && startOf(facts, target);
  if (target?.outcome !== "Waiting" || outcome === undefined || outcome === "Waiting") return undefined;
  return { state: marked(facts, state, target.revision, { outcome }) };
};
