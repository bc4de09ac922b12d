import { obstacleOf } from "../problems.ts";
import { isRolledOut } from "../rollout.ts";
import { fails, holds, type Judge } from "./judgement.ts";

/** The spec is being applied, or its pods are starting (kstatus: InProgress). */
export const reconciling: Judge = (snapshot) => {
  if (obstacleOf(snapshot)) return fails("Stalled", "a person has to do something first: see Stalled");
  if (snapshot.resource.spec.reconciliation === "Paused") return fails("PausedByUser", "reconciliation is Paused");
  return isRolledOut(snapshot)
    ? fails("RolledOut", "what the spec asks for runs")
    : holds("RollingOut", "what the spec asks for is being written and started");
};
