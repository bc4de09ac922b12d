import { keyEnds, ownKeyIsUnusable, rotationIsOverdue } from "../../secrets/problems.ts";
import { fails, holds, type Judge } from "./judgement.ts";

/** Every client has a usable key that does not end soon, and every value is within its schedule. Not part of Ready. */
export const secretsCurrent: Judge = (snapshot) => {
  const problem = ownKeyIsUnusable(snapshot) ?? keyEnds(snapshot) ?? rotationIsOverdue(snapshot);
  return problem
    ? fails(problem.reason, problem.message)
    : holds("Current", "every key is usable, none ends soon, and every value is within its schedule");
};
