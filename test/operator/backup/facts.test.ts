import { describe, expect, test } from "vitest";
import { backupFactsOf } from "../../../operator/deployment/backup/facts.ts";
import { statusOf, transitions } from "../../../operator/deployment/status/status.ts";
import { specOf } from "../deployment/support/blueprint.ts";
import { condition, now, resource, snapshot } from "../deployment/support/snapshot.ts";
import { at, cachedBackup, ended } from "./support.ts";

const backup = {
  schedule: "0 2 * * *",
  target: { type: "Volume", volume: { claimName: "backups" } },
};
const scheduled = (status?: object, fields: object = {}) =>
  resource({ spec: specOf({ backup, ...fields }), status: status ? { backup: status } : {} });
const byRun = (name: string, fields: object = {}) => cachedBackup(name, { scheduledBy: "team", ...fields });
const next = "2026-11-27T02:00:00.000Z";
const good = { status: ended("True", "11-26T02:00") };

describe("what is known of backups", () => {
  test("is nothing for a resource that has none and asks for none", () => {
    expect(backupFactsOf(resource(), [], at("11-26T12:00"))).toBeUndefined();
  });

  test("is the newest good one, also when its object is gone", () => {
    const old = cachedBackup("old", { status: ended("True", "11-20T02:00") });
    const failed = cachedBackup("failed", { status: ended("False", "11-25T02:00", "no room") });
    const facts = backupFactsOf(resource(), [failed, old], at("11-26T12:00"));
    expect(facts?.last).toEqual({ name: "old", startedAt: "2026-11-20T02:00:00.000Z" });
    expect(facts?.newest).toEqual({ succeeded: false, message: "no room" });
    const gone = { lastSuccessfulBackup: "gone", lastSuccessfulTime: "2026-11-24T02:00:00.000Z" };
    const recorded = backupFactsOf(resource({ status: { backup: gone } }), [old], at("11-26T12:00"));
    expect(recorded?.last?.name).toBe("gone");
  });
});

test("no run is lost to a clock that was years ahead, and made a backup then", () => {
  const early = byRun("team-203611260200", { status: ended("True", "11-26T02:00") });
  for (const recorded of ["2036-11-26T02:00:00.000Z", "2036-11-27T02:00:00.000Z", next]) {
    const facts = (now: string) => backupFactsOf(scheduled({ nextScheduledTime: recorded }), [early], at(now));
    expect(facts("11-26T12:00")?.next).toBe(next);
  }
  // It stays until it is made.
  expect(backupFactsOf(scheduled({ nextScheduledTime: next }), [early], at("11-27T12:00"))?.next).toBe(next);
});

describe("a backup is too old", () => {
  const failed = byRun("team-202611260200", { status: ended("False", "11-26T02:00") });
  const overdueAt = (now: string, ...args: Parameters<typeof scheduled>) =>
    backupFactsOf(scheduled(...args), [failed], at(now));

  test("an hour after a run whose backup failed, and says when to look again", () => {
    const before = overdueAt("11-26T02:30", { nextScheduledTime: next });
    expect(before).toMatchObject({ overdue: false, lookAgainMs: 30 * 60_000 });
    expect(overdueAt("11-26T03:00", { nextScheduledTime: next })).toMatchObject({
      overdue: true,
      lookAgainMs: undefined,
    });
  });

  test("an hour after a run that nobody made a backup of", () => {
    const status = { nextScheduledTime: "2026-11-26T02:00:00.000Z" };
    expect(backupFactsOf(scheduled(status), [], at("11-26T02:59"))?.overdue).toBe(false);
    expect(backupFactsOf(scheduled(status), [], at("11-26T03:00"))?.overdue).toBe(true);
  });

  test("not when any later one succeeded, a person's too", () => {
    const byHand = cachedBackup("by-hand", { status: ended("True", "11-26T02:20") });
    expect(backupFactsOf(scheduled({ nextScheduledTime: next }), [failed, byHand], at("11-26T09:00"))?.overdue).toBe(
      false,
    );
  });

  test("not while everything is to stay as it is, and not before the first run of a new schedule", () => {
    expect(overdueAt("11-26T09:00", { nextScheduledTime: next }, { reconciliation: "Paused" })?.overdue).toBe(false);
    expect(backupFactsOf(scheduled(), [], at("11-26T09:00"))).toMatchObject({ overdue: false, next });
  });

  test("and a schedule that cannot be used is told instead", () => {
    const facts = backupFactsOf(
      scheduled({}, { backup: { ...backup, schedule: "0 25 * * *" } }),
      [],
      at("11-26T09:00"),
    );
    expect(facts).toMatchObject({ problem: expect.stringContaining("hour"), next: undefined, overdue: false });
  });
});

describe("the status of the resource", () => {
  const facts = backupFactsOf(
    scheduled({ nextScheduledTime: next }),
    [byRun("team-202611260200", good)],
    at("11-26T12:00"),
  );

  test("names the newest good backup and the next run, and says nothing without them", () => {
    expect(statusOf(snapshot({ backups: facts }), now).backup).toEqual({
      lastSuccessfulBackup: "team-202611260200",
      lastSuccessfulTime: "2026-11-26T02:00:00.000Z",
      nextScheduledTime: next,
    });
    expect(statusOf(snapshot(), now)).not.toHaveProperty("backup");
  });

  test("an event tells of a backup that failed, once, and of a restore that is done", () => {
    const failing = condition("BackupSucceeded", "False", { reason: "BackupFailed", message: "no room" });
    expect(transitions([], [failing])).toEqual([{ type: "Warning", reason: "BackupFailed", message: "no room" }]);
    expect(transitions([failing], [failing])).toEqual([]);
    const restored = condition("Restored", "True", { message: "it has started" });
    expect(transitions([condition("Restored", "False")], [restored])).toMatchObject([
      { type: "Normal", reason: "Restored" },
    ]);
  });
});
