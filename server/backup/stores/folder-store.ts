import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { BackupError, reasonOf } from "../backup-error.ts";
import type { ArchiveStore, Stored } from "./archive-store.ts";

const partial = /^\..*\.partial$/;

/** Archives below a folder, such as a mounted volume. */
export class FolderStore implements ArchiveStore {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async put(key: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    const path = join(this.#root, key);
    const beside = join(dirname(path), `.${basename(path)}.partial`);
    try {
      await this.#prepare(dirname(path));
      await write(beside, content);
      await rename(beside, path);
      await sync(dirname(path));
    } catch (error) {
      await rm(beside, { force: true }).catch(() => undefined);
      throw this.#told(error);
    }
  }

  async get(key: string): Promise<AsyncIterable<Uint8Array>> {
    const path = join(this.#root, key);
    try {
      const file = await open(path);
      if ((await file.stat()).isFile()) return file.createReadStream();
      await file.close();
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw this.#told(error);
    }
    throw new BackupError("BACKUP_NOT_FOUND", { location: path });
  }

  async list(folder: string): Promise<readonly Stored[]> {
    const path = join(this.#root, folder);
    try {
      const names = (await readdir(path)).filter((name) => !name.startsWith("."));
      return await Promise.all(
        names.map(async (name) => ({ key: join(folder, name), changedAt: (await stat(join(path, name))).mtimeMs })),
      );
    } catch (error) {
      if (codeOf(error) === "ENOENT") return [];
      throw this.#told(error);
    }
  }

  async remove(key: string): Promise<void> {
    await rm(join(this.#root, key), { force: true }).catch((error: unknown) => {
      throw this.#told(error);
    });
  }

  /** The root has to be there: a volume that is not mounted is no folder to fill. What a killed backup left is deleted. */
  async #prepare(folder: string): Promise<void> {
    await stat(this.#root);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const left = (await readdir(folder)).filter((name) => partial.test(name));
    await Promise.all(left.map((name) => rm(join(folder, name), { force: true })));
  }

  #told(error: unknown): unknown {
    if (error instanceof BackupError) return error;
    const code = codeOf(error);
    if (code === undefined) return error;
    const isFull = code === "ENOSPC" || code === "EDQUOT";
    const details = { target: this.#root, reason: reasonOf(error) };
    return new BackupError(isFull ? "BACKUP_TARGET_FULL" : "BACKUP_TARGET_UNUSABLE", details, error);
  }
}

async function write(path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    for await (const chunk of content) await file.writeFile(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A name is on disk when its folder is. */
async function sync(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The system's code of an error of the file system. */
function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "syscall" in error && "code" in error ? String(error.code) : undefined;
}
