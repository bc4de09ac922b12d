import { rounded } from "../../probing/parts-probe.ts";
import { queueIsFull, queueIsUnusable } from "../checks.ts";
import { ofBridge } from "./bridge-answer.ts";
import { fails, holds } from "./judgement.ts";

/** The queue accepts messages and is less than 90 % full. */
export const queueHealthy = ofBridge(({ queue: { pending, limit } }, snapshot) => {
  const problem = queueIsUnusable(snapshot) ?? queueIsFull(snapshot);
  if (problem) return fails(problem.reason, problem.message);
  if (pending >= limit * 0.9) return fails("QueueNearlyFull", `about ${rounded(pending)} of ${limit} messages wait`);
  return holds("QueueUsable", "the queue takes messages");
});
