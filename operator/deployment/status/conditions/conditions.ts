import { type Condition, type ConditionType, conditionTypes } from "../../../api/status.ts";
import { printable } from "../../printable.ts";
import { asksToReceive } from "../../receiving/asking.ts";
import { hasSecretsToWatch } from "../../secrets/problems.ts";
import type { Snapshot } from "../../snapshot.ts";
import { adopted } from "./adopted.ts";
import { autoscaling, hasAutoscaling } from "./autoscaling.ts";
import { backupSucceeded } from "./backup-succeeded.ts";
import { bridgeAvailable } from "./bridge-available.ts";
import { degraded } from "./degraded.ts";
import { delivering } from "./delivering.ts";
import { exposed } from "./exposed.ts";
import { hibernated } from "./hibernated.ts";
import { imageAccepted } from "./image-accepted.ts";
import { type Judge, type Judgement, unknown } from "./judgement.ts";
import { paused } from "./paused.ts";
import { progressing } from "./progressing.ts";
import { queueHealthy } from "./queue-healthy.ts";
import { ready } from "./ready.ts";
import { receiving } from "./receiving.ts";
import { reconciling } from "./reconciling.ts";
import { restored } from "./restored.ts";
import { secretsCurrent } from "./secrets-current.ts";
import { serverAvailable } from "./server-available.ts";
import { stalled } from "./stalled.ts";
import { telegramReachable } from "./telegram-reachable.ts";
import { verified } from "./verified.ts";

const judges: Readonly<Record<Exclude<ConditionType, "Ready">, Judge>> = {
  ServerAvailable: serverAvailable,
  BridgeAvailable: bridgeAvailable,
  TelegramReachable: telegramReachable,
  QueueHealthy: queueHealthy,
  Verified: verified,
  Delivering: delivering,
  Receiving: receiving,
  Exposed: exposed,
  Autoscaling: autoscaling,
  SecretsCurrent: secretsCurrent,
  Restored: restored,
  BackupSucceeded: backupSucceeded,
  ImageAccepted: imageAccepted,
  Adopted: adopted,
  Progressing: progressing,
  Reconciling: reconciling,
  Stalled: stalled,
  Degraded: degraded,
  Paused: paused,
  Hibernated: hibernated,
};

/** Of conditions that not every resource has: whether this one has it. */
const concerns: Readonly<Partial<Record<ConditionType, (snapshot: Snapshot) => boolean>>> = {
  Receiving: ({ resource }) => asksToReceive(resource.spec),
  Exposed: ({ exposure }) => exposure !== undefined,
  Autoscaling: hasAutoscaling,
  SecretsCurrent: ({ resource }) => hasSecretsToWatch(resource.spec),
  ImageAccepted: ({ image }) => (image?.state ?? "AsWritten") !== "AsWritten",
  Adopted: ({ adoption }) => adoption !== undefined,
  Restored: ({ restore }) => restore !== undefined,
  BackupSucceeded: ({ backups }) => backups !== undefined,
};

/**
 * All conditions. One that cannot be judged now stays as it is, with its `observedGeneration`.
 * `lastTransitionTime` changes only when a status does.
 */
export function conditionsOf(snapshot: Snapshot, now: string): Condition[] {
  const { generation, status } = snapshot.resource;
  const condition = (type: ConditionType, judgement: Judgement | undefined): Condition => {
    const before = status.conditions?.find((condition) => condition.type === type);
    if (!judgement && before) return before;
    const { status: after, reason, message } = judgement ?? unknown("NotYetKnown", "not yet probed");
    const lastTransitionTime = before?.status === after ? before.lastTransitionTime : now;
    const text = printable(message, longestMessage);
    return { type, status: after, observedGeneration: generation, lastTransitionTime, reason, message: text };
  };
  const judged = Object.entries(judges)
    .filter(([type]) => concerns[type as ConditionType]?.(snapshot) ?? true)
    .map(([type, judge]) => condition(type as ConditionType, judge(snapshot)));
  const all = [condition("Ready", ready(snapshot, judged)), ...judged];
  return conditionTypes.flatMap((type) => all.find((condition) => condition.type === type) ?? []);
}

/** In characters. The API server allows 32 KiB, but nobody reads that much, and every status is kept in memory. */
export const longestMessage = 1024;
