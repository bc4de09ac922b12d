import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { type FileNews, RotatingFile } from "../telemetry/rotating-file.ts";
import { stamps } from "../telemetry/rotation.ts";
import { makeDirectory } from "./directory.ts";
import { codeOf, directoryProblem, StartError } from "./start-error.ts";

export type LogFilesConfig = {
  readonly folder: string;
  /** Of each file. */
  readonly maxBytes: number;
  /** Of each kind, with the one that is written. */
  readonly maxFiles: number;
  /** Whether there are records for a file of their own. */
  readonly audit: boolean;
};

type LogFiles = {
  readonly application: RotatingFile;
  readonly security: RotatingFile;
  readonly audit?: RotatingFile;
};

/**
 * Opens application.log, security.log and audit.log, which only this user can read. `onChange` hears what happens to a file later.
 * Rejects with a StartError when they cannot be written.
 */
export async function openLogFiles(
  { folder, maxBytes, maxFiles, audit }: LogFilesConfig,
  onChange: (news: FileNews & { readonly file: string }) => void,
): Promise<LogFiles> {
  try {
    await makeDirectory(folder);
    // To rotate files is to rename them.
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw directoryProblem(folder, "CC_TELEGRAM_LOGS_DIR", error);
  }
  const opened = async (name: string): Promise<RotatingFile> => {
    const path = join(folder, name);
    const now = () => performance.now();
    const stamp = stamps(randomBytes(3).toString("hex"), Date.now);
    const onNews = (news: FileNews) => onChange({ ...news, file: path });
    const file = new RotatingFile({ path, maxBytes, maxFiles, stamp, now, onChange: onNews });
    await file.open().catch((error: unknown) => {
      throw fileProblem(path, error);
    });
    return file;
  };
  const application = await opened("application.log");
  const open: RotatingFile[] = [application];
  try {
    const security = await opened("security.log");
    open.push(security);
    return { application, security, ...(audit && { audit: await opened("audit.log") }) };
  } catch (error) {
    await Promise.all(open.map((file) => file.close()));
    throw error;
  }
}

/** For the end of the process: waits for the disk, for a second at most. */
export async function closeLogFiles({ application, security, audit }: LogFiles): Promise<void> {
  await Promise.all([application.close(), security.close(), audit?.close()]);
}

function fileProblem(path: string, error: unknown): StartError {
  const reason = codeOf(error) ?? String(error);
  const advice = "Move it away, or set CC_TELEGRAM_LOGS_DIR to a directory whose log files are this user's own.";
  return new StartError(`The log file ${path} cannot be written (${reason}).`, advice, error);
}
