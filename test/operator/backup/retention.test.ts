import { expect, test } from "vitest";
import { expiredBackups } from "../../../operator/backup/retention.ts";
import { at, cachedBackup, ended } from "./support.ts";

const run = (day: string, status: "True" | "False" = "True") =>
  cachedBackup(`team-2026${day}0200`, {
    scheduledBy: "team",
    status: ended(status, `${day.slice(0, 2)}-${day.slice(2)}T02:00`),
  });
const now = at("11-26T12:00");
const names = (backups: Parameters<typeof expiredBackups>[1], retention: object, isReferred = () => false) =>
  expiredBackups("team", backups, { retention: { days: 30, ...retention }, isReferred, now }).map(({ name }) => name);

test("backups of a schedule go when their days have passed, and those that people made stay", () => {
  const byHand = cachedBackup("by-hand", { status: ended("True", "01-01T02:00") });
  const ofAnother = cachedBackup("other-202601010200", { scheduledBy: "other", status: ended("True", "01-01T02:00") });
  const open = cachedBackup("team-202601010200", { scheduledBy: "team" });
  expect(names([run("1026"), run("1028"), run("1126"), byHand, ofAnother, open], {})).toEqual(["team-202610260200"]);
});

test("the newest good one stays however old it is", () => {
  expect(names([run("0101"), run("0102"), run("1125", "False")], {})).toEqual(["team-202601010200"]);
  expect(names([run("0102"), run("1125", "False"), run("1126", "False")], { count: 1 })).toEqual(["team-202611250200"]);
});

test("those beyond the number go, but not one that a resource starts with", () => {
  const all = [run("1123"), run("1124"), run("1125"), run("1126")];
  expect(names(all, { count: 2 })).toEqual(["team-202611240200", "team-202611230200"]);
  expect(names(all, { count: 2 }, () => true)).toEqual([]);
});

test("failed ones take no good one's place, however many there are: they have no archive", () => {
  const good = [run("1120"), run("1121"), run("1122")];
  const failed = [run("1123", "False"), run("1124", "False"), run("1125", "False"), run("1126", "False")];
  expect(names([...good, ...failed], { count: 3 })).toEqual(["team-202611230200"]);
});
