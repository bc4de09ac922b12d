import type { Facts, State } from "./facts.ts";
import { keptUntil } from "./keeping.ts";
import { movedUntil } from "./moving.ts";
import { deadlineOf } from "./outcome.ts";
import { policies } from "./policies.ts";
import type { Note } from "./steps.ts";

export type Decision = {
  readonly state: State;
  readonly notes: readonly Note[];
  /** In how many ms time alone may change the decision. */
  readonly lookAgainMs: number | undefined;
};

/** More steps than a rollout can take at a time. */
const mostSteps = 12;

/** Takes the first step that is due until none is. Pure: the same facts give the same decision. */
export function decide(facts: Facts): Decision {
  const notes: Note[] = [];
  let now = facts;
  for (let steps = 0; steps < mostSteps; steps += 1) {
    const step = firstOf(now);
    if (step === undefined) break;
    if (step.note) notes.push(step.note);
    now = { ...now, state: step.state };
  }
  return { state: now.state, notes, lookAgainMs: untilNext(now) };
}

function firstOf(facts: Facts) {
  for (const policy of policies) {
    const step = policy(facts);
    if (step !== undefined) return step;
  }
  return undefined;
}

function untilNext(facts: Facts): number | undefined {
  const times = [deadlineOf(facts), keptUntil(facts), movedUntil(facts)]
    .flatMap((at) => at ?? [])
    .map((at) => at + 1 - facts.now);
  const ahead = times.filter((ms) => ms > 0);
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}

/** Whether a state has to be stored before it is acted upon: after a crash the same decision has to stand. */
export function isUrgent(before: State, after: State): boolean {
  // A first version that gives way to another one is kept; else there is nothing to lose yet.
  const givesWay = before.target !== undefined && before.target !== after.target;
  if (before.revision === undefined) return after.target !== undefined && (after.revision !== undefined || givesWay);
  return (
    before.revision !== after.revision ||
    before.target !== after.target ||
    before.track !== after.track ||
    before.previous !== after.previous ||
    before.tried !== after.tried ||
    before.rejected?.key !== after.rejected?.key
  );
}
