import { waitingText } from "../../maintenance/waiting.ts";
import { isDryRun, isPaused } from "../../pausing/pausing.ts";
import { obstacleOf } from "../problems.ts";
import { isRolledOut, movingParts } from "../progress.ts";
import { fails, holds, type Judge } from "./judgement.ts";

/** The spec is being applied, or its pods are starting (kstatus: InProgress). */
export const reconciling: Judge = (snapshot) => {
  if (obstacleOf(snapshot)) return fails("Stalled", "a person has to do something first: see Stalled");
  const { spec } = snapshot.resource;
  if (isDryRun(spec)) return fails("DryRun", "reconciliation is DryRun");
  if (isPaused(spec)) return fails("PausedByUser", "reconciliation is Paused");
  const { waiting } = snapshot;
  if (waiting && movingParts(snapshot).length === 0) return holds("WaitingForMaintenance", waitingText(waiting));
  return isRolledOut(snapshot)
    ? fails("RolledOut", "what the spec asks for runs")
    : holds("RollingOut", "what the spec asks for is being written and started");
};
