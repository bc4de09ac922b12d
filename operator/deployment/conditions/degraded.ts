import { isInDoubt } from "../probe-doubt.ts";
import { allProblemsOf } from "../problems.ts";
import { fails, holds, type Judge } from "./judgement.ts";

/** Something is wrong that does not fix itself. */
export const degraded: Judge = (snapshot) => {
  const problems = allProblemsOf(snapshot);
  const [first] = problems;
  const before = snapshot.resource.status.conditions?.find(({ type }) => type === "Degraded");
  // After a restart of the operator, too: what is not known yet does not take back what was known.
  if (before?.status === "True" && isInDoubt(snapshot) && (!first || first.reason === before.reason)) return undefined;
  if (!first) return fails("NoProblems", "nothing is known to be wrong");
  return holds(first.reason, problems.map(({ message }) => message).join("; "));
};
