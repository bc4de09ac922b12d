import { type BackupErrorCode, backupErrors, type ErrorDetails } from "../../contract/error-catalogue.ts";
import { backupMessage } from "../../contract/errors.ts";

/** Why a backup or a restore failed, in the words of the catalogue. Details never hold secrets. */
export class BackupError extends Error {
  override readonly name = "BackupError";
  readonly code: BackupErrorCode;

  constructor(code: BackupErrorCode, details: ErrorDetails, cause?: unknown) {
    super(backupMessage(code, details), cause === undefined ? undefined : { cause });
    this.code = code;
  }

  get retryable(): boolean {
    return backupErrors[this.code].retryable;
  }
}

/** Anything that was thrown, as an error of the catalogue. */
export function toBackupError(thrown: unknown): BackupError {
  return thrown instanceof BackupError
    ? thrown
    : new BackupError("BACKUP_FAILED", { reason: reasonOf(thrown) }, thrown);
}

/** What an error says, on one line. */
export function reasonOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
  return text.replace(/\s+/g, " ").replace(/\.+$/, "").slice(0, 300);
}
