import { writeFileSync } from "node:fs";
import type { Problem } from "../../config/config-error.ts";
import { type BackupFailure, type BackupResult, terminationLimit, terminationLog } from "../../contract/backup.ts";
import { makeBackup } from "../backup/backup.ts";
import { BackupError, toBackupError } from "../backup/backup-error.ts";
import { restore } from "../backup/restore.ts";
import { prepareRestored } from "../bridge/queue/restored-queue.ts";
import { newestSchema } from "../bridge/storage/sqlite-schema.ts";
import type { JobConfig } from "../config/job-config.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { World } from "./running.ts";

/** Runs a role that does one thing, and resolves with the exit code. What became of it is in the log and in the termination log. */
export async function runJob(
  config: JobConfig,
  logger: Logger,
  { clock, signal }: World & { readonly signal: AbortSignal },
): Promise<0 | 1> {
  try {
    const world = { clock, logger, signal, prepareRestored, newestSchema };
    const result = await (config.role === "backup" ? makeBackup(config.backup, world) : restore(config.restore, world));
    logger.info(result, config.role === "backup" ? "backup stored" : "backup restored");
    leaveWords(config.terminationLog, result);
    return 0;
  } catch (error) {
    const failure = toBackupError(signal.aborted ? new Error("it was told to stop") : error);
    const unexpected = failure.code === "BACKUP_FAILED" && { err: failure.cause };
    logger.error({ code: failure.code, reason: failure.message, ...unexpected }, `${config.role} failed`);
    leaveWords(config.terminationLog, wordsOf(failure));
    return 1;
  }
}

/** The same for a configuration that cannot be used. */
export function leaveProblems(path: string, found: readonly Problem[]): void {
  const problems = found.map(({ variable, problem, expected }) => `${variable} ${problem}; expected: ${expected}`);
  leaveWords(path, wordsOf(new BackupError("BACKUP_CONFIGURATION", { problems: problems.join(" ") })));
}

const wordsOf = ({ code, message }: BackupError): BackupFailure => ({ code, message: message.slice(0, 1000) });

/** Outside of Kubernetes there is no such file, and nobody who reads it. */
function leaveWords(path: string, words: BackupResult | BackupFailure): void {
  try {
    writeFileSync(path, `${JSON.stringify(words)}\n`.slice(0, terminationLimit), {
      flag: path === terminationLog ? "r+" : "w",
    });
  } catch {
    // The log has it all the same.
  }
}
