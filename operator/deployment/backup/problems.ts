import type { Check } from "../status/check.ts";

/** What restoreFrom names cannot be found, or is not finished. */
export const restoreHasNoArchive: Check = ({ restore }) => restore?.noPlan;

/** The same that only a person can change. */
export const restoreNeedsArchive: Check = (snapshot) => {
  const problem = restoreHasNoArchive(snapshot);
  return problem?.reason === "BackupNotFinished" ? undefined : problem;
};

/** The archive, or the volume, is not what a restore needs. */
export const restoreIsRefused: Check = ({ restore }) => {
  if (restore?.refusal === undefined || restore.done) return undefined;
  const { code, message } = restore.refusal;
  return { reason: "RestoreRefused", message: `${code}: ${message}` };
};
