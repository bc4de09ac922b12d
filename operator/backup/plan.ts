import type { BackupSpec } from "../api/backup.ts";
import type { BackupTarget } from "../api/backup-target.ts";
import type { DeploymentSpec } from "../api/spec.ts";

/** One backup, with what its deployment says where it says nothing itself. */
export type BackupPlan = {
  readonly target: BackupTarget;
  readonly secrets: "Included" | "Excluded";
  readonly configuration: "Included" | "Excluded";
  /** Public keys (age); none leaves the archive readable. */
  readonly recipients: readonly string[];
  readonly verify: boolean;
  /** What is deleted after it, at the same target. */
  readonly retention: { readonly days: number; readonly count?: number | undefined } | undefined;
};

/** Undefined without a target. */
export function backupPlanOf(spec: BackupSpec, { backup: usual }: DeploymentSpec): BackupPlan | undefined {
  const target = spec.target ?? usual?.target;
  if (target === undefined) return undefined;
  const content = spec.content ?? usual?.content ?? ["Configuration"];
  return {
    target,
    secrets: content.includes("Secrets") ? "Included" : "Excluded",
    configuration: content.includes("Configuration") ? "Included" : "Excluded",
    recipients: (spec.encryption ?? usual?.encryption)?.recipients ?? [],
    verify: (spec.verify ?? usual?.verify ?? "Enabled") === "Enabled",
    retention: usual?.retention,
  };
}
