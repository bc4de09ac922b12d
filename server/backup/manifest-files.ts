import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { type ArchivedFile, archivedFile } from "./archive-writer.ts";
import { BackupError, reasonOf } from "./backup-error.ts";
import { folders, isEntryName } from "./manifest.ts";

/** Files of configuration are small. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * The files below a folder, for the archive. A volume of a ConfigMap or Secret has its files twice, as links and in a hidden folder:
 * what begins with a dot is left out, and links count as what they lead to within the folder.
 */
export async function manifestFiles(folder: string | undefined): Promise<readonly ArchivedFile[]> {
  if (folder === undefined) return [];
  try {
    const root = await realpath(folder);
    return await Promise.all((await filesBelow(root, root)).map((path) => entryOf(folder, root, path)));
  } catch (error) {
    throw error instanceof BackupError ? error : unusable(folder, reasonOf(error), error);
  }
}

async function filesBelow(root: string, folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith(".")).sort();
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const [link, target] = await Promise.all([lstat(path), stat(path)]);
      if (target.isDirectory()) return link.isSymbolicLink() ? [] : filesBelow(root, path);
      return target.isFile() ? [path] : [];
    }),
  );
  return found.flat();
}

async function entryOf(folder: string, root: string, path: string): Promise<ArchivedFile> {
  const name = folders.manifests + relative(root, path);
  if (!isEntryName(name)) throw unusable(folder, `${relative(root, path)} has a name that archives do not take`);
  const real = await realpath(path);
  if (!real.startsWith(`${root}/`)) throw unusable(folder, `${relative(root, path)} leads out of it`);
  if ((await stat(real)).size > MOST_BYTES) throw unusable(folder, `${relative(root, path)} is too large`);
  return archivedFile(name, real);
}

function unusable(folder: string, reason: string, cause?: unknown): BackupError {
  return new BackupError(
    "BACKUP_CONFIGURATION",
    { problems: `BACKUP_MANIFESTS_FOLDER (${folder}): ${reason}.` },
    cause,
  );
}
