import { waitingText } from "../../maintenance/waiting.ts";
import { waitsForBackup, waitsForPromotion } from "../../rollout/problems.ts";
import { movingParts } from "../progress.ts";
import { fails, holds, type Judge } from "./judgement.ts";

/** Pods are being created or replaced; else what waits for that. */
export const progressing: Judge = (snapshot) => {
  const waits = waitsForPromotion(snapshot);
  if (waits) return holds("WaitingForPromotion", waits);
  const backup = waitsForBackup(snapshot);
  if (backup) return holds("WaitingForBackup", backup);
  const moving = movingParts(snapshot);
  if (moving.length > 0) return holds("RollingOut", `pods are being created or replaced: ${moving.join(", ")}`);
  const { waiting } = snapshot;
  if (waiting) return fails("WaitingForMaintenance", waitingText(waiting));
  return fails("Settled", "no pod is being created or replaced");
};
