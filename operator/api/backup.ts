import * as z from "zod";
import { backupContent, backupEncryption, backupTarget, secretsNeedEncryption } from "./backup-target.ts";
import { name, rules, secretKey, secretName } from "./schema.ts";
import { condition } from "./status.ts";

/** The spec of a CCTelegramBackup: one archive, made once. */
export const backupSpec = z
  .strictObject({
    deploymentName: name(40).describe("The CCTelegramDeployment, in the same namespace."),
    target: backupTarget()
      .optional()
      .describe("Where the archive is stored. Default: backup.target of the deployment."),
    content: backupContent()
      .optional()
      .describe(
        "What the archive holds in addition to the bridge's data. Configuration: the resource as a manifest. Secrets: its generated keys and the bot token, encrypted. Default: backup.content of the deployment.",
      ),
    encryption: backupEncryption()
      .optional()
      .describe("Who can read the archive. Default: backup.encryption of the deployment."),
    verify: z
      .enum(["Enabled", "Disabled"])
      .optional()
      .describe(
        "Enabled: the stored archive is restored into nothing before it counts. Default: backup.verify of the deployment.",
      ),
  })
  .describe("What to back up, and where to.")
  .meta(
    rules(...secretsNeedEncryption["x-kubernetes-validations"], {
      rule: "self == oldSelf",
      message: "a backup is made once and cannot change: create another CCTelegramBackup",
    }),
  );

/** The condition types of a CCTelegramBackup. */
const backupConditionTypes = ["Succeeded", "Reconciling", "Stalled"] as const;

export const backupStatus = z
  .strictObject({
    observedGeneration: z
      .int()
      .min(-1)
      .optional()
      .describe("Generation that this status refers to; -1 before the operator has seen the backup."),
    conditions: z
      .array(condition)
      .max(8)
      .optional()
      .describe("Succeeded says how the backup ended; Reconciling and Stalled are for tools that follow kstatus.")
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] }),
    startTime: z.iso.datetime().optional().describe("When its Job was started."),
    completionTime: z.iso.datetime().optional().describe("When it succeeded, or failed for good."),
    target: backupTarget().optional().describe("Where the archive is stored, defaults included."),
    location: z.string().max(2048).optional().describe("The archive: file:// or s3://."),
    sizeBytes: z.int().min(0).optional().describe("Size of the archive."),
    sha256: z.string().max(64).optional().describe("SHA-256 of the archive, hexadecimal."),
    schemaVersion: z.int().min(0).optional().describe("Version of the queue's schema in the archive."),
    messages: z.int().min(0).optional().describe("Messages in the archive that wait for delivery."),
    durationSeconds: z.int().min(0).optional().describe("How long reading, packing, storing and verifying took."),
    verified: z
      .enum(["True", "False"])
      .optional()
      .describe("Whether the stored archive was restored into nothing, and whole."),
  })
  .describe("The observed state.")
  .meta({ default: { observedGeneration: -1 } });

export type BackupSpec = z.infer<typeof backupSpec>;
export type BackupStatus = z.infer<typeof backupStatus>;
export type BackupConditionType = (typeof backupConditionTypes)[number];

/** `backup` of a CCTelegramDeployment. */
export const deploymentBackup = z
  .strictObject({
    schedule: z
      .string()
      .min(9)
      .max(100)
      .regex(/^\S+( \S+){4}$/)
      .optional()
      .describe(
        "When backups are made: minute, hour, day, month and weekday, as in cron. Default: none is made by itself.",
      ),
    timeZone: z
      .string()
      .min(1)
      .max(64)
      .regex(/^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/)
      .default("UTC")
      .describe("Time zone of the schedule, such as Europe/Berlin."),
    target: backupTarget().describe("Where archives are stored."),
    content: backupContent()
      .default(["Configuration"])
      .describe(
        "What archives hold in addition to the bridge's data. Configuration: this resource as a manifest. Secrets: its generated keys and the bot token, encrypted.",
      ),
    encryption: backupEncryption()
      .optional()
      .describe("Who can read the archives. Default: everybody who can read the target."),
    verify: z
      .enum(["Enabled", "Disabled"])
      .default("Enabled")
      .describe("Enabled: each stored archive is restored into nothing before it counts."),
    retention: z
      .strictObject({
        days: z
          .int()
          .min(1)
          .max(3650)
          .default(30)
          .describe(
            "Archives and CCTelegramBackups of the schedule that are older are deleted; the newest good one is kept.",
          ),
        count: z.int().min(1).max(10_000).optional().describe("Most archives that are kept. Default: no limit."),
      })
      .prefault({})
      .describe("How long archives are kept."),
  })
  .meta(secretsNeedEncryption);

/** `restoreFrom` of a CCTelegramDeployment. */
export const restoreFrom = z
  .strictObject({
    backupName: name(63).optional().describe("A CCTelegramBackup in the same namespace."),
    target: backupTarget().optional().describe("Where the archive is, without a CCTelegramBackup."),
    archive: z
      .string()
      .min(1)
      .max(512)
      .regex(/^[a-z0-9][a-z0-9.-]*(\/[a-z0-9][a-z0-9.-]*)*$/)
      .optional()
      .describe("The archive at the target, without .cctb: NAMESPACE/RESOURCE/BACKUP."),
    identitySecretRef: z
      .strictObject({
        name: secretName(),
        key: secretKey().default("identity").describe("Key of the identity in the Secret."),
      })
      .optional()
      .describe("Secret with the private key (age) that an encrypted archive needs."),
  })
  .meta(
    rules(
      {
        rule: "has(self.backupName) != has(self.target)",
        message: "name either backupName, a CCTelegramBackup in this namespace, or target and archive",
      },
      {
        rule: "has(self.target) == has(self.archive)",
        message: "target and archive belong together: archive is NAMESPACE/RESOURCE/BACKUP at the target",
      },
    ),
  );

export type RestoreFrom = z.infer<typeof restoreFrom>;
