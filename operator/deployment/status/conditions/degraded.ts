import { isInDoubt } from "../../probing/probe-doubt.ts";
import { allProblemsOf } from "../problems.ts";
import { fails, holds, type Judge } from "./judgement.ts";

/** Something is wrong, and it is not just a normal state of a start. */
export const degraded: Judge = (snapshot) => {
  const problems = allProblemsOf(snapshot);
  const [first] = problems;
  const before = snapshot.resource.status.conditions?.find(({ type }) => type === "Degraded");
  // Also after a restart of the operator: a known problem stays until a probe shows that it is gone.
  if (before?.status === "True" && isInDoubt(snapshot) && (!first || first.reason === before.reason)) return undefined;
  if (!first) return fails("NoProblems", "nothing is known to be wrong");
  return holds(first.reason, problems.map(({ message }) => message).join("; "));
};
