import type { Condition } from "../../api/status.ts";
import { problemsOf } from "../problems.ts";
import type { Snapshot } from "../snapshot.ts";
import { fails, holds, type Judgement } from "./judgement.ts";

/** The parts that have to hold before the whole is ready, the cause before its consequences. */
const parts = ["ServerAvailable", "BridgeAvailable", "TelegramReachable", "QueueHealthy", "Verified"];

/** A client that connects now can send a message and it will arrive. */
export function ready(snapshot: Snapshot, conditions: readonly Condition[]): Judgement {
  const missing = parts
    .map((part) => conditions.find(({ type }) => type === part))
    .find((condition) => condition?.status !== "True");
  if (!missing) return holds("Ready", "clients can connect and messages arrive");
  const [problem] = problemsOf(snapshot);
  return problem ? fails(problem.reason, problem.message) : fails(missing.reason, missing.message);
}
