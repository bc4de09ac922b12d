import { problemsOf } from "../problems.ts";
import { fails, holds, type Judge } from "./judgement.ts";

/** Something is wrong that does not mend itself. */
export const degraded: Judge = (snapshot) => {
  const problems = problemsOf(snapshot);
  const [first] = problems;
  if (!first) return fails("NoProblems", "nothing is known to be wrong");
  return holds(first.reason, problems.map(({ message }) => message).join("; "));
};
