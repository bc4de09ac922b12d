import { rounded } from "../probe.ts";
import { fails, holds, type Judge, unknown } from "./judgement.ts";

/** The queue takes messages and is not about to refuse them. */
export const queueHealthy: Judge = ({ bridgeRuns, probe }) => {
  if (!bridgeRuns) return unknown("BridgeNotRunning", "there is no bridge to ask");
  if (!probe?.bridge) return undefined;
  if (!probe.bridge.answered) return unknown("BridgeNotAnswering", probe.bridge.message);
  const { usable, pending, limit, error } = probe.bridge.queue;
  if (!usable) return fails("QueueUnusable", error ?? "the queue takes no messages");
  if (pending >= limit * 0.9) return fails("QueueNearlyFull", `about ${rounded(pending)} of ${limit} messages wait`);
  return holds("QueueUsable", "the queue takes messages");
};
