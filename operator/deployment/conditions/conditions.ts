import { type Condition, type ConditionType, conditionTypes } from "../../api/status.ts";
import { printable } from "../printable.ts";
import { asksToReceive } from "../receiving/asking.ts";
import type { Snapshot } from "../snapshot.ts";
import { bridgeAvailable } from "./bridge-available.ts";
import { degraded } from "./degraded.ts";
import { delivering } from "./delivering.ts";
import { exposed } from "./exposed.ts";
import { hibernated } from "./hibernated.ts";
import { type Judge, type Judgement, unknown } from "./judgement.ts";
import { paused } from "./paused.ts";
import { progressing } from "./progressing.ts";
import { queueHealthy } from "./queue-healthy.ts";
import { ready } from "./ready.ts";
import { receiving } from "./receiving.ts";
import { reconciling } from "./reconciling.ts";
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
  Progressing: progressing,
  Reconciling: reconciling,
  Stalled: stalled,
  Degraded: degraded,
  Paused: paused,
  Hibernated: hibernated,
};

/**
 * All conditions. One that cannot be judged now stays as it is, with its `observedGeneration`.
 * `Exposed` exists only with an exposure, `Receiving` only if the resource asks to receive. `lastTransitionTime` changes only with the status (metav1.Condition).
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
    .filter(([type]) => type !== "Exposed" || snapshot.exposure !== undefined)
    .filter(([type]) => type !== "Receiving" || asksToReceive(snapshot.resource.spec))
    .map(([type, judge]) => condition(type as ConditionType, judge(snapshot)));
  const all = [condition("Ready", ready(snapshot, judged)), ...judged];
  return conditionTypes.flatMap((type) => all.find((condition) => condition.type === type) ?? []);
}

/** In characters. The API server allows 32 KiB, but nobody reads that much, and every status is kept in memory. */
export const longestMessage = 1024;
