import type { Condition } from "../../../api/status.ts";
import { pausedText } from "../../pausing/paused-delivery.ts";
import { isPaused } from "../../pausing/pausing.ts";
import type { Snapshot } from "../../snapshot.ts";
import { obstacleOf, problemsOf } from "../problems.ts";
import { isFirstTried, isReplacing, isRolledOut } from "../progress.ts";
import { fails, holds, type Judgement } from "./judgement.ts";

/** The parts of Ready, causes before their consequences. */
const parts = ["ServerAvailable", "BridgeAvailable", "TelegramReachable", "QueueHealthy", "Verified"];

const readyMessage = ({ probe }: Snapshot) =>
  probe?.bridge?.answered && probe.bridge.paused
    ? `clients can connect; ${pausedText(probe.bridge.paused)}, and messages are kept`
    : "clients can connect and messages arrive";

/**
 * A client that connects now can send a message and it will arrive, as the spec asks for. During a rollout the condition stays
 * as it is, with the old generation; if the rollout cannot finish, it becomes False.
 */
export function ready(snapshot: Snapshot, conditions: readonly Condition[]): Judgement | undefined {
  const found = parts.flatMap((part) => conditions.find(({ type }) => type === part) ?? []);
  const missing = found.find(({ status }) => status !== "True");
  if (missing) {
    const { reason, message } = problemsOf(snapshot)[0] ?? missing;
    return fails(reason, message);
  }
  const { generation, status } = snapshot.resource;
  const before = status.conditions?.find(({ type }) => type === "Ready");
  const wasReady = before?.status === "True";
  const isJudged = found.every(({ observedGeneration }) => observedGeneration === generation);
  const isThere = isRolledOut(snapshot) && isJudged && !isFirstTried(snapshot);
  if (isThere || (isPaused(snapshot.resource.spec) && !wasReady)) {
    return holds("Ready", readyMessage(snapshot));
  }
  const obstacle = obstacleOf(snapshot);
  const isNewer = before?.observedGeneration !== generation;
  if (obstacle && (!wasReady || isNewer || isReplacing(snapshot))) return fails(obstacle.reason, obstacle.message);
  if (wasReady) return undefined;
  return fails("RollingOut", "what the spec asks for is being written and started");
}
