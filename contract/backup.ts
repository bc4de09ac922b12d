import * as z from "zod";
import { type BackupErrorCode, backupErrors } from "./error-catalogue.ts";

/** End of the names of archives. */
export const archiveSuffix = ".cctb";

/** End of the names of the files beside archives that hold their checksum, as `sha256sum` writes it. */
export const checksumSuffix = ".sha256";

/** Version of the archive's form: a reader refuses a higher one. */
export const archiveFormat = 1;

/** The bridge's file, in its data directory and in a snapshot; and the folder of logs in a snapshot. */
export const snapshotEntries = Object.freeze({ queue: "queue.sqlite", logs: "logs/" });

/** Where a container leaves its last words for Kubernetes. */
export const terminationLog = "/dev/termination-log";

/** Longest of them, in bytes, that Kubernetes keeps. */
export const terminationLimit = 4096;

/** Variables that whoever starts the role `backup` sets; those of `S3_` only for a target in a store. */
export type BackupVariable =
  | StoreVariable
  | "BRIDGE_URL"
  | "HMAC_SECRET_FILE"
  | "BACKUP_NAME"
  | "BACKUP_KEEP_OLDER_THAN"
  | "BACKUP_OF"
  | "BACKUP_TARGET"
  | "BACKUP_MANIFESTS_FOLDER"
  | "BACKUP_RECIPIENTS"
  | "BACKUP_VERIFY"
  | "BACKUP_RETENTION_DAYS"
  | "BACKUP_RETENTION_COUNT";

/** Variables that whoever starts the role `restore` sets. */
export type RestoreVariable = StoreVariable | "RESTORE_SOURCE" | "RESTORE_IDENTITY_FILE" | "DATA_DIR";

type StoreVariable =
  | "S3_ENDPOINT"
  | "S3_REGION"
  | "S3_ACCESS_KEY_ID_FILE"
  | "S3_SECRET_ACCESS_KEY_FILE"
  | "S3_CA_FILE"
  | "HTTP_PROXY"
  | "HTTPS_PROXY"
  | "NO_PROXY"
  | "TERMINATION_LOG";

const segment = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** Name of an archive without its end, as Kubernetes names objects. */
export const backupNameSchema = z
  .string()
  .regex(segment, "a name of at most 253 small letters, digits, '-' and '.', such as team-20260131");

/** Whose an archive is: one or two names, such as `namespace/resource`. Retention is among the archives of one. */
export const backupOfSchema = z
  .string()
  .refine(
    (value) => value.split("/").length <= 2 && value.split("/").every((part) => segment.test(part)),
    "one or two names separated by a slash, such as cctelegram/team",
  );

export type ArchivePlace = {
  /** `file:///folder` or `s3://bucket/prefix`. */
  readonly target: string;
  /** Whose it is. */
  readonly of: string;
  readonly name: string;
};

/**
 * Where an archive is: a target has a folder for each one whose archives are there.
 *
 * @example
 * ```ts
 * archiveLocation({ target: "s3://backups/prod/", of: "cctelegram/team", name: "nightly-1" }); // => s3://backups/prod/cctelegram/team/nightly-1.cctb
 * ```
 */
export function archiveLocation({ target, of, name }: ArchivePlace): string {
  return `${target.replace(/\/+$/, "")}/${of}/${name}${archiveSuffix}`;
}

/** The last words of `backup` and of `restore` when all went well. */
export const backupResultSchema = z.object({
  location: z.string().describe("The archive: file:// or s3://"),
  sizeBytes: z.int().min(0),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe("Of the whole archive, hexadecimal"),
  schemaVersion: z.int().min(1).describe("Of the queue in it, before a restore brings it up to date"),
  durationMs: z.number().min(0),
  messages: z.int().min(0).describe("That wait for delivery in it"),
  verified: z.boolean().describe("It was read back and opened"),
});

export type BackupResult = Readonly<z.output<typeof backupResultSchema>>;

/** The last words of both when something went wrong. */
export const backupFailureSchema = z.object({
  code: z.enum(Object.keys(backupErrors) as [BackupErrorCode, ...BackupErrorCode[]]),
  message: z.string().describe("What is wrong and what to do, without secrets; at most 1000 characters"),
});

export type BackupFailure = Readonly<z.output<typeof backupFailureSchema>>;

/**
 * The last words of `backup` or `restore`; undefined for what neither of them writes, as when the process was killed.
 *
 * @example
 * ```ts
 * const words = { code: "BACKUP_TARGET_FULL", message: "There is no room." };
 * JSON.stringify(lastWordsOf(JSON.stringify(words))); // => {"code":"BACKUP_TARGET_FULL","message":"There is no room."}
 * lastWordsOf("Killed"); // => undefined
 * ```
 */
export function lastWordsOf(text: string): BackupResult | BackupFailure | undefined {
  try {
    return z.union([backupResultSchema, backupFailureSchema]).safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
