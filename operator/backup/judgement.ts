import type { BackupFailure, BackupResult } from "../../contract/backup.ts";

/** What is to be done about a backup now, and what its status says. */
export type Judgement =
  | { readonly step: "Wait" | "Refuse" | "Start" | "Run" | "Fail"; readonly reason: string; readonly message: string }
  | { readonly step: "Succeed"; readonly result: BackupResult };

export type Facts = {
  /** Its Job was started once. */
  readonly isStarted: boolean;
  readonly job: { readonly state: "Running" | "Complete" | "Failed"; readonly failure: string | undefined } | undefined;
  readonly words: BackupResult | BackupFailure | undefined;
  /** What keeps its pod from running. */
  readonly trouble: { readonly reason: string; readonly message: string } | undefined;
  /** What has to be there first, and what to do. */
  readonly missing: { readonly reason: string; readonly message: string } | undefined;
  /** Another backup of the same deployment, which runs or comes first. */
  readonly before: string | undefined;
};

const wait = (reason: string, message: string): Judgement => ({ step: "Wait", reason, message });
const fail = (reason: string, message: string): Judgement => ({ step: "Fail", reason, message });

/** Pure: decides on a backup that has not ended. */
export function judge({ isStarted, job, words, trouble, missing, before }: Facts): Judgement {
  if (job === undefined && isStarted) {
    return fail("JobLost", "its Job is gone and left no result: create another CCTelegramBackup");
  }
  if (job?.state === "Complete") return ended(words);
  if (job?.state === "Failed") return fail("BackupFailed", failureOf(words) ?? job.failure ?? "its Job failed");
  if (job !== undefined) return running(words, trouble);
  if (missing !== undefined) return { step: "Refuse", ...missing };
  if (before !== undefined) return wait("Waiting", "another backup of the same deployment comes first");
  return { step: "Start", reason: "Running", message: runs };
}

const runs = "the backup is being made";

function ended(words: Facts["words"]): Judgement {
  if (words !== undefined && "location" in words) return { step: "Succeed", result: words };
  return fail("NoResult", "its Job completed and told no result: create another CCTelegramBackup");
}

function running(words: Facts["words"], trouble: Facts["trouble"]): Judgement {
  if (trouble !== undefined) return { step: "Run", reason: trouble.reason, message: trouble.message };
  const failed = failureOf(words);
  return failed === undefined
    ? { step: "Run", reason: "Running", message: runs }
    : { step: "Run", reason: "Retrying", message: `it is tried again: ${failed}` };
}

const failureOf = (words: Facts["words"]) =>
  words !== undefined && "code" in words ? `${words.code}: ${words.message}` : undefined;
