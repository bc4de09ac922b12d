import type { Snapshot } from "../snapshot.ts";
import { isWell } from "./parts-probe.ts";

/** The result of the probe has lasted for a while, so it is not just a normal state of a start. */
export const isLasting = ({ probe }: Snapshot) => probe?.lasting ?? true;

/** A part has not been probed yet, or has failed so recently that it may be a normal state of a start. */
export function isInDoubt(snapshot: Snapshot): boolean {
  const { server, bridgeRuns, probe } = snapshot;
  const isUnasked = ((server?.ready ?? 0) > 0 && !probe?.server) || (bridgeRuns && !probe?.bridge);
  return isUnasked || (probe !== undefined && !isWell(probe) && !isLasting(snapshot));
}
