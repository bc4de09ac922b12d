import { entryOf, type Facts, isInPlace, isMoving, servingTrack } from "./facts.ts";
import { otherTrack, type Track } from "./tracks.ts";

/** One Deployment of servers. */
export type PlannedServers = {
  readonly track: Track;
  /** Its pods carry the track's label. */
  readonly labelled: boolean;
  readonly revision: number;
  readonly template: string;
};

/** What has to run, and where the Service leads. */
export type Plan = {
  readonly serving: PlannedServers;
  /** Beside those that clients reach. */
  readonly beside: PlannedServers | undefined;
  /** The track that Services select; undefined: all servers. */
  readonly track: Track | undefined;
  /** The servers beside are tried. */
  readonly isPreviewed: boolean;
  /** The bridge follows when servers of its version are proven, and does not go back: an older one may not read its queue. */
  readonly bridgeImage: string;
};

/** What a state asks for. */
export function planOf(facts: Facts): Plan {
  const { state, sides, spec, wanted, bridgeImage } = facts;
  const serving = servingTrack(state);
  const target = isMoving(facts) || entryOf(state, state.target)?.outcome === "Waiting" ? undefined : state.target;
  const inPlace = isInPlace(facts);
  const servers = (track: Track, number: number | undefined): PlannedServers | undefined => {
    const entry = entryOf(state, number);
    if (entry === undefined) return undefined;
    // The Service may select blue servers as soon as they are good, also on the way back to RollingUpdate.
    const isSelected = spec.strategy === "BlueGreen" || state.track !== undefined;
    const labelled = track === "green" || isSelected || sides.blue?.labelled === true;
    return { track, labelled, revision: entry.revision, template: entry.template };
  };
  const home = spec.strategy === "RollingUpdate" && serving === "green" ? state.revision : undefined;
  const tried = (inPlace ? undefined : target) ?? home;
  const now = servers(serving, (inPlace ? target : undefined) ?? state.revision ?? state.target);
  if (now === undefined) throw new Error("a rollout has a revision before it is planned");
  const isUndecided = state.revision !== undefined && (state.target !== undefined || state.rejected !== undefined);
  return {
    serving: now,
    beside: servers(otherTrack(serving), tried ?? state.previous),
    track: state.track,
    isPreviewed: tried !== undefined,
    bridgeImage: (isUndecided ? bridgeImage : undefined) ?? wanted.image,
  };
}
