import { constants } from "node:fs";
import { access, chmod, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { makeDirectory } from "../process/directory.ts";
import { directoryProblem } from "../process/start-error.ts";

const stickyBit = 0o1000;

/**
 * Makes the directory of queue and keys, if need be, and closes it to others: messages and keys are nobody else's to
 * read. One that belongs to somebody else, as a volume that Kubernetes prepared, or that many share, as /tmp, is left as
 * it is; the files in it are closed anyway. Throws a StartError when it cannot be used.
 */
export async function prepareDataDirectory(path: string): Promise<void> {
  try {
    await makeDirectory(path);
    const { mode, uid } = await stat(path);
    const isOwn = uid === process.getuid?.() && (mode & stickyBit) === 0 && dirname(path) !== path;
    if (isOwn && (mode & 0o077) !== 0) await chmod(path, mode & 0o700);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw directoryProblem(path, "CC_TELEGRAM_DATA_DIR", error);
  }
}
