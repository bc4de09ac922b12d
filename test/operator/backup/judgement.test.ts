import { describe, expect, test } from "vitest";
import type { BackupFailure, BackupResult } from "../../../contract/backup.ts";
import { type Facts, type Judgement, judge } from "../../../operator/backup/judgement.ts";
import { backupStatusOf } from "../../../operator/backup/status.ts";

const result: BackupResult = {
  location: "s3://bucket/tools/team/nightly.cctb",
  sizeBytes: 10,
  sha256: "b".repeat(64),
  schemaVersion: 1,
  durationMs: 2600,
  messages: 0,
  verified: true,
};
const failure: BackupFailure = { code: "BACKUP_TARGET_FULL", message: "There is no room." };
const job = (state: "Running" | "Complete" | "Failed", reason?: string) => ({ state, failure: reason });

const facts = (fields: Partial<Facts> = {}): Facts => ({
  isStarted: false,
  job: undefined,
  words: undefined,
  trouble: undefined,
  missing: undefined,
  before: undefined,
  ...fields,
});
const missing = { reason: "TargetMissing", message: "name a target" };
const trouble = { reason: "ImagePullFailed", message: "the image cannot be pulled" };

describe("a backup", () => {
  test.each<[string, Partial<Facts>, string, string]>([
    ["is started", {}, "Start", "Running"],
    ["waits for another one", { before: "other-backup" }, "Wait", "Waiting"],
    [
      "is not started without what it needs, whoever else runs",
      { missing, before: "other-backup" },
      "Refuse",
      "TargetMissing",
    ],
    ["goes on when what it needed is gone", { missing, isStarted: true, job: job("Running") }, "Run", "Running"],
    ["runs", { isStarted: true, job: job("Running") }, "Run", "Running"],
    ["that an operator started before it crashed runs", { job: job("Running") }, "Run", "Running"],
    ["says what keeps its pod from running", { job: job("Running"), trouble }, "Run", "ImagePullFailed"],
    ["says that it is tried again", { job: job("Running"), words: failure }, "Run", "Retrying"],
    ["is not made twice when its Job is gone", { isStarted: true }, "Fail", "JobLost"],
    ["that told no result does not count", { job: job("Complete") }, "Fail", "NoResult"],
    ["that told a failure and completed does not count", { job: job("Complete"), words: failure }, "Fail", "NoResult"],
    ["fails for good with its Job", { job: job("Failed", "deadline exceeded") }, "Fail", "BackupFailed"],
  ])("%s", (_what, given, step, reason) => {
    expect(judge(facts(given))).toMatchObject({ step, reason });
  });

  test("says its own words before those of Kubernetes", () => {
    expect(judge(facts({ job: job("Failed", "backoff limit"), words: failure }))).toMatchObject({
      message: "BACKUP_TARGET_FULL: There is no room.",
    });
    expect(judge(facts({ job: job("Failed", "backoff limit") }))).toMatchObject({ message: "backoff limit" });
  });

  test("that succeeded has its result", () => {
    expect(judge(facts({ job: job("Complete"), words: result }))).toEqual({ step: "Succeed", result });
  });
});

describe("its status", () => {
  const now = "2026-11-26T12:00:00.000Z";
  const statusAt = (judgement: Judgement, status = {}) =>
    backupStatusOf({ generation: 1, status }, judgement, { now, target: undefined, startedAt: "2026-11-26T11:59:00Z" });
  const conditions = (judgement: Judgement) =>
    Object.fromEntries((statusAt(judgement).conditions ?? []).map(({ type, status }) => [type, status]));

  test("is Current, InProgress or Failed for tools that follow kstatus", () => {
    const told = (step: "Wait" | "Refuse" | "Start" | "Run" | "Fail") =>
      conditions({ step, reason: "R", message: "m" });
    expect(conditions({ step: "Succeed", result })).toEqual({
      Succeeded: "True",
      Reconciling: "False",
      Stalled: "False",
    });
    for (const step of ["Wait", "Start", "Run"] as const) {
      expect(told(step)).toEqual({ Succeeded: "Unknown", Reconciling: "True", Stalled: "False" });
    }
    expect(told("Refuse")).toEqual({ Succeeded: "Unknown", Reconciling: "False", Stalled: "True" });
    expect(told("Fail")).toEqual({ Succeeded: "False", Reconciling: "False", Stalled: "True" });
  });

  test("does not change while nothing else does", () => {
    const running: Judgement = { step: "Run", reason: "Running", message: "m" };
    const first = statusAt(running);
    const later = backupStatusOf({ generation: 1, status: first }, running, {
      now: "2026-11-26T13:00:00.000Z",
      target: undefined,
      startedAt: "2026-11-26T11:59:00Z",
    });
    expect(later).toEqual(first);
    expect(first.startTime).toBe("2026-11-26T11:59:00Z");
    expect(first.completionTime).toBeUndefined();
  });

  test("has the result", () => {
    expect(statusAt({ step: "Succeed", result })).toMatchObject({
      location: result.location,
      verified: "True",
      durationSeconds: 3,
      completionTime: now,
    });
  });
});
