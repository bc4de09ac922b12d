import { entryOf, type Facts, type State, servingTrack } from "./facts.ts";
import { rejecting, resultFor } from "./outcome.ts";
import { marked, type Policy, withoutPrevious } from "./steps.ts";
import { otherTrack } from "./tracks.ts";

/** Why clients should not stay with the version that they reach since the switch. */
function regretOf({ state, sides, verified, measured }: Facts): string | undefined {
  const side = sides[servingTrack(state)];
  const active = entryOf(state, state.revision);
  if (side === undefined || side.template !== active?.template) return undefined;
  if (side.crashes) return side.trouble;
  if (side.ready === 0 && side.replicas > 0) return "none of its pods is ready any more";
  return resultFor(active.template, verified)?.problem ?? resultFor(active.template, measured)?.problem;
}

/** The version fails while the one before is still there: clients go back to that at once. */
export const returns: Policy = (facts) => {
  const { state, spec, sides, isStopped } = facts;
  const [active, before] = [entryOf(state, state.revision), entryOf(state, state.previous)];
  if (spec.onFailure === "Stop" || isStopped || state.target !== undefined) return undefined;
  if (!active || before?.outcome !== "Previous") return undefined;
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
export function keptUntil({ state, spec, lingerMs, isStopped }: Facts): number | undefined {
  const [active, previous] = [entryOf(state, state.revision), entryOf(state, state.previous)];
  if (active === undefined || state.previous === undefined) return undefined;
  // No pod is left to go back to. Of those that wake, the former ones might be ready first.
  if (isStopped) return Date.parse(active.since);
  const keptMs =
    previous?.outcome === "Previous" && spec.strategy === "BlueGreen" ? spec.keepPreviousSeconds * 1000 : 0;
  return Date.parse(active.since) + Math.max(lingerMs, keptMs);
}

/** The version before is not needed any more. */
export const retires: Policy = (facts) => {
  const { state, now } = facts;
  if (now < (keptUntil(facts) ?? Number.POSITIVE_INFINITY)) return undefined;
  return { state: withoutPrevious(facts, state) };
};
