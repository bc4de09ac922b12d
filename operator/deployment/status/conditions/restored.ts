import { restoreHasNoArchive, restoreIsRefused } from "../../backup/problems.ts";
import { fails, holds, type Judge } from "./judgement.ts";

/** The bridge has started with what is in the archive. Once that is so it stays so: later starts find the volume filled. */
export const restored: Judge = (snapshot) => {
  const { restore, resource } = snapshot;
  const before = resource.status.conditions?.find(({ type }) => type === "Restored");
  if (restore === undefined || before?.status === "True") return undefined;
  if (restore.done) return holds("Restored", "the bridge has started with what is in the archive");
  const problem = restoreHasNoArchive(snapshot) ?? restoreIsRefused(snapshot);
  if (problem) return fails(problem.reason, problem.message);
  return fails("Restoring", "the bridge's volume is being filled from the archive");
};
