import type { BackupConditionType, BackupStatus } from "../api/backup.ts";
import type { BackupTarget } from "../api/backup-target.ts";
import type { Condition } from "../api/status.ts";
import type { CachedBackup } from "../deployment/backup/cached-backup.ts";
import { printable } from "../deployment/printable.ts";
import type { Judgement } from "./judgement.ts";

type Said = readonly [status: Condition["status"], reason: string, message: string];

const longestMessage = 1024;

export type Circumstances = {
  /** RFC 3339. */
  readonly now: string;
  readonly target: BackupTarget | undefined;
  /** When its Job was created, if it was. */
  readonly startedAt: string | undefined;
};

/** The status that a judgement leads to. Pure: the same judgement gives the same status. */
export function backupStatusOf(
  { generation, status }: Pick<CachedBackup, "generation" | "status">,
  judgement: Judgement,
  { now, target, startedAt }: Circumstances,
): BackupStatus {
  const { step } = judgement;
  const said = conditionsOf(judgement);
  const conditions = (Object.entries(said) as [BackupConditionType, Said][]).map(([type, [state, reason, message]]) => {
    const before = status.conditions?.find((condition) => condition.type === type);
    const lastTransitionTime = before?.status === state ? before.lastTransitionTime : now;
    const text = printable(message, longestMessage);
    return { type, status: state, observedGeneration: generation, lastTransitionTime, reason, message: text };
  });
  const startTime = status.startTime ?? startedAt;
  return {
    observedGeneration: generation,
    conditions,
    ...(startTime === undefined ? {} : { startTime }),
    ...(step === "Succeed" || step === "Fail" ? { completionTime: now } : {}),
    ...(target === undefined ? {} : { target }),
    ...(step === "Succeed" ? resultOf(judgement) : {}),
  };
}

/** kstatus: Reconciling while something is to come, Stalled when a person has to act. */
function conditionsOf(judgement: Judgement): Readonly<Record<BackupConditionType, Said>> {
  if (judgement.step === "Succeed") {
    const { verified } = judgement.result;
    const message = verified ? "the archive is stored, and was restored into nothing" : "the archive is stored";
    return {
      Succeeded: ["True", "Succeeded", message],
      Reconciling: ["False", "Succeeded", message],
      Stalled: ["False", "Succeeded", message],
    };
  }
  const { step, reason, message } = judgement;
  if (step === "Fail" || step === "Refuse") {
    return {
      Succeeded: [step === "Fail" ? "False" : "Unknown", reason, message],
      Reconciling: ["False", reason, message],
      Stalled: ["True", reason, message],
    };
  }
  return {
    Succeeded: ["Unknown", reason, message],
    Reconciling: ["True", reason, message],
    Stalled: ["False", reason, "nothing holds it up"],
  };
}

function resultOf({ result }: Extract<Judgement, { step: "Succeed" }>): Partial<BackupStatus> {
  const { location, sizeBytes, sha256, schemaVersion, messages, durationMs, verified } = result;
  return {
    location,
    sizeBytes,
    sha256,
    schemaVersion,
    messages,
    durationSeconds: Math.round(durationMs / 1000),
    verified: verified ? "True" : "False",
  };
}
