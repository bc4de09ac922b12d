import { type Condition, type ConditionType, conditionTypes } from "../../api/status.ts";
import type { Snapshot } from "../snapshot.ts";
import { bridgeAvailable } from "./bridge-available.ts";
import { degraded } from "./degraded.ts";
import { type Judge, type Judgement, unknown } from "./judgement.ts";
import { paused } from "./paused.ts";
import { progressing } from "./progressing.ts";
import { queueHealthy } from "./queue-healthy.ts";
import { ready } from "./ready.ts";
import { serverAvailable } from "./server-available.ts";
import { telegramReachable } from "./telegram-reachable.ts";
import { verified } from "./verified.ts";

const judges: Readonly<Record<Exclude<ConditionType, "Ready">, Judge>> = {
  ServerAvailable: serverAvailable,
  BridgeAvailable: bridgeAvailable,
  TelegramReachable: telegramReachable,
  QueueHealthy: queueHealthy,
  Verified: verified,
  Progressing: progressing,
  Degraded: degraded,
  Paused: paused,
};

/** All conditions, judged anew; `lastTransitionTime` changes only with the status (metav1.Condition). */
export function conditionsOf(snapshot: Snapshot, now: string): Condition[] {
  const { generation, status } = snapshot.resource;
  const condition = (type: ConditionType, judgement: Judgement | undefined): Condition => {
    const before = status.conditions?.find((condition) => condition.type === type);
    const { status: after, reason, message } = judgement ?? before ?? unknown("NotYetKnown", "not yet probed");
    const lastTransitionTime = before?.status === after ? before.lastTransitionTime : now;
    return { type, status: after, observedGeneration: generation, lastTransitionTime, reason, message };
  };
  const judged = Object.entries(judges).map(([type, judge]) => condition(type as ConditionType, judge(snapshot)));
  const all = [condition("Ready", ready(snapshot, judged)), ...judged];
  return conditionTypes.flatMap((type) => all.find((condition) => condition.type === type) ?? []);
}
