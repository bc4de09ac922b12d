import { isWell } from "./parts-probe.ts";
import type { Snapshot } from "./snapshot.ts";

/** What the probe says has been so for a while, and is no passing state of a start. */
export const isLasting = ({ probe }: Snapshot) => probe?.lasting ?? true;

/** A part that should answer has not been asked yet, or has not answered well and that may pass. */
export function isInDoubt(snapshot: Snapshot): boolean {
  const { server, bridgeRuns, probe } = snapshot;
  const isUnasked = ((server?.ready ?? 0) > 0 && !probe?.server) || (bridgeRuns && !probe?.bridge);
  return isUnasked || (probe !== undefined && !isWell(probe) && !isLasting(snapshot));
}
