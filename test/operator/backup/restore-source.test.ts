import { expect, test } from "vitest";
import { type RestoreFrom, restoreFrom } from "../../../operator/api/backup.ts";
import { restoreRefusal } from "../../../operator/deployment/backup/restore-facts.ts";
import { restorePlanOf } from "../../../operator/deployment/backup/restore-source.ts";
import { cachedBackup, ended } from "./support.ts";

const none = () => undefined;
const volume = { type: "Volume", volume: { claimName: "backups", path: "here" } } as const;
const bucket = {
  type: "S3",
  s3: { bucket: "backups", prefix: "prod", credentialsSecretRef: { name: "store" } },
} as const;
const from = (fields: object): RestoreFrom => restoreFrom.parse(fields);

test("an archive is found by its target and its name, in another namespace's folder, too", () => {
  expect(restorePlanOf(from({ target: volume, archive: "tools/team/nightly" }), none)).toMatchObject({
    source: "file:///backup/tools/team/nightly.cctb",
  });
  const plan = restorePlanOf(
    from({ target: bucket, archive: "tools/team/nightly", identitySecretRef: { name: "age" } }),
    none,
  );
  expect(plan).toMatchObject({
    source: "s3://backups/prod/tools/team/nightly.cctb",
    identity: { name: "age", key: "identity" },
  });
});

test("a name that leads out of the target is refused by the schema", () => {
  for (const archive of ["../other", "a/../../b", "/etc/passwd", "a//b", ".hidden"]) {
    expect(restoreFrom.safeParse({ target: volume, archive }).success, archive).toBe(false);
  }
});

test("a CCTelegramBackup says where its archive is, once it has one", () => {
  const location = "file:///backup/tools/team/nightly.cctb";
  const good = cachedBackup("nightly", { status: { ...ended("True", "11-26T02:00"), location, target: volume } });
  expect(restorePlanOf(from({ backupName: "nightly" }), () => good)).toEqual({ source: location, target: volume });
  const reasonOf = (backup: ReturnType<typeof cachedBackup> | undefined) =>
    restorePlanOf(from({ backupName: "nightly" }), () => backup);
  expect(reasonOf(undefined)).toMatchObject({ reason: "BackupNotFound" });
  expect(reasonOf(cachedBackup("nightly"))).toMatchObject({ reason: "BackupNotFinished" });
  expect(reasonOf(cachedBackup("nightly", { status: ended("False", "11-26T02:00") }))).toMatchObject({
    reason: "BackupUnusable",
  });
});

test("a refused restore is known by the last words of its container, and a killed one is not", () => {
  const pod = (state: object) => ({ status: { initContainerStatuses: [{ name: "restore", ...state }] } }) as never;
  const words = { code: "BACKUP_BROKEN", message: "It is damaged." };
  const terminated = { exitCode: 1, message: JSON.stringify(words) };
  expect(restoreRefusal(pod({ state: { terminated } }))).toEqual({ restoreRefused: words });
  expect(restoreRefusal(pod({ state: { waiting: {} }, lastState: { terminated } }))).toEqual({ restoreRefused: words });
  expect(restoreRefusal(pod({ state: { terminated: { exitCode: 0, message: "" } } }))).toEqual({});
  expect(restoreRefusal(pod({ state: { terminated: { exitCode: 137, message: "Killed" } } }))).toEqual({});
});
