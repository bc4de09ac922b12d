import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dump, load } from "js-yaml";
import { expect, test } from "vitest";
import type { Judgement } from "../../operator/backup/judgement.ts";
import { backupStatusOf } from "../../operator/backup/status.ts";
import { ask, type Verdict } from "./support/gitops.ts";

const kind = "CCTelegramBackup";
const folder = `deploy/argocd/resource_customizations/cctelegram.io/${kind}`;
const time = "2026-01-01T00:00:00Z";
const target = { type: "Volume", volume: { claimName: "backups", path: "" } } as const;

const result = {
  location: "file:///backup/cctelegram/team/nightly.cctb",
  sizeBytes: 4096,
  sha256: "a".repeat(64),
  schemaVersion: 1,
  durationMs: 1500,
  messages: 2,
  verified: true,
};

type State = {
  readonly name: string;
  readonly judgement: Judgement | undefined;
  readonly argo: string;
  readonly kstatus: string;
};

/** What the operator writes, for each thing that it can find. */
const states: readonly State[] = [
  { name: "not_seen", judgement: undefined, argo: "Progressing", kstatus: "InProgress" },
  {
    name: "waiting",
    judgement: { step: "Wait", reason: "Waiting", message: "another backup of the same deployment comes first" },
    argo: "Progressing",
    kstatus: "InProgress",
  },
  {
    name: "running",
    judgement: { step: "Run", reason: "Running", message: "the backup is being made" },
    argo: "Progressing",
    kstatus: "InProgress",
  },
  {
    name: "target_missing",
    judgement: { step: "Refuse", reason: "TargetMissing", message: "neither this backup nor its deployment names one" },
    argo: "Degraded",
    kstatus: "Failed",
  },
  {
    name: "failed",
    judgement: { step: "Fail", reason: "BackupFailed", message: "BACKUP_TARGET_FULL: There is no room." },
    argo: "Degraded",
    kstatus: "Failed",
  },
  { name: "succeeded", judgement: { step: "Succeed", result }, argo: "Healthy", kstatus: "Current" },
];

function objectOf({ judgement }: State): object {
  const before = { generation: 1, status: {} };
  const status =
    judgement === undefined
      ? { observedGeneration: -1 }
      : backupStatusOf(before, judgement, { now: time, target, startedAt: time });
  const metadata = { name: "nightly", namespace: "cctelegram", generation: 1 };
  return { apiVersion: "cctelegram.io/v1alpha1", kind, metadata, spec: { deploymentName: "team" }, status };
}

const fileOf = ({ name, argo }: State) => `testdata/${argo.toLowerCase()}_${name}.yaml`;
const isRecording = process.env.RECORD === "1";

/** With `RECORD=1` it is written, else compared. */
function recorded(path: string, content: object): void {
  const file = join(folder, path);
  if (isRecording) writeFileSync(file, dump(content, { lineWidth: -1, sortKeys: true }));
  expect(load(readFileSync(file, "utf8"))).toEqual(content);
}

const settings = load(readFileSync("deploy/argocd/argocd-cm.yaml", "utf8")) as { data: Record<string, string> };
const script = settings.data[`resource.customizations.health.cctelegram.io_${kind}`] ?? "";

test("Argo CD and kstatus say of a backup what the operator has found", async () => {
  for (const state of states) recorded(fileOf(state), objectOf(state));
  const health = await ask<Verdict>(states.map((state) => ({ do: "health", object: objectOf(state), script })));
  const kstatus = await ask<Verdict>(states.map((state) => ({ do: "kstatus", object: objectOf(state) })));
  expect(health.map(({ status }) => status)).toEqual(states.map(({ argo }) => argo));
  expect(kstatus.map(({ status }) => status)).toEqual(states.map((state) => state.kstatus));
  const tests = states.map((state, index) => ({ inputPath: fileOf(state), healthStatus: health[index] }));
  recorded("health_test.yaml", { tests });
});
