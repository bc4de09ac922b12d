import { obstacleOf } from "../problems.ts";
import { fails, holds, type Judge } from "./judgement.ts";

/** The operator cannot continue until a person acts (kstatus: Failed). */
export const stalled: Judge = (snapshot) => {
  const obstacle = obstacleOf(snapshot);
  return obstacle ? holds(obstacle.reason, obstacle.message) : fails("NoObstacles", "nothing holds the operator up");
};
