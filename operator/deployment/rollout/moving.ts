import { printable } from "../printable.ts";
import { entryOf, type Facts, isMoving } from "./facts.ts";
import { resultFor } from "./outcome.ts";
import { longestMessage, type Policy, timeOf, without } from "./steps.ts";

/** Until when servers may take to move to another strategy, in ms since the epoch. */
export const movedUntil = ({ state, spec }: Facts): number | undefined =>
  state.moving && Date.parse(state.moving.since) + spec.progressDeadlineSeconds * 1000;

/** In either direction it is the blue servers that have to come up. */
function obstacleOf({ state, sides, preview }: Facts): string {
  const { blue } = sides;
  const tried = resultFor(entryOf(state, state.revision)?.template, preview);
  if (!blue?.settled) return blue?.trouble ?? "the new pods do not become ready within rollout.progressDeadlineSeconds";
  return tried?.problem ?? "the new pods do not answer within rollout.progressDeadlineSeconds";
}

/**
 * Servers that move have a deadline. Clients stay with those that they reach, so there is nothing to go back to: people are told, and the
 * move is over when what kept it up is.
 */
export const moves: Policy = (facts) => {
  const { state, now, isStopped } = facts;
  if (!isMoving(facts)) return state.moving && { state: without(state, "moving") };
  const { moving } = state;
  if (moving === undefined) return { state: { ...state, moving: { since: timeOf(now) } } };
  if (isStopped || now <= (movedUntil(facts) ?? now)) return undefined;
  const problem = printable(obstacleOf(facts), longestMessage);
  return problem === moving.problem ? undefined : { state: { ...state, moving: { ...moving, problem } } };
};
