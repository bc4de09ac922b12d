import { constants } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";

export type ProjectFilesOptions = {
  /** Folders below which files may be read; the first one is where a project is looked for by default. */
  readonly roots: readonly string[];
  /** Of the person who started the process; undefined for a user without one. */
  readonly home: string | undefined;
};

export type FoundFile =
  | { readonly kind: "read"; readonly path: string; readonly text: string; readonly modifiedAt: number }
  | Unread;

/** A file as it is on disk. */
type FoundBytes =
  | { readonly kind: "read"; readonly path: string; readonly bytes: Buffer; readonly modifiedAt: number }
  | Unread;

type Unread =
  | { readonly kind: "absent" }
  /** It may not, or cannot, be read. */
  | { readonly kind: "refused"; readonly reason: string };

export const LONGEST_FILE = 4 * 2 ** 20;

const OUTSIDE = "it is not below a folder of CC_TELEGRAM_PROJECT_ROOTS";
const NO_ROOTS = "this server reads no files: CC_TELEGRAM_PROJECT_ROOTS names no folder";
const ABSENT: Unread = { kind: "absent" };
/** A FIFO is opened without waiting for who writes to it. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/** Files of the projects that this process may look into. Its promises never reject. */
export class ProjectFiles {
  readonly #options: ProjectFilesOptions;

  constructor(options: ProjectFilesOptions) {
    this.#options = options;
  }

  get readsAny(): boolean {
    return this.#options.roots.length > 0;
  }

  /** Reads a file of a project by its real path; without a project of the first root. */
  async ofProject(project: string | undefined, ...path: readonly string[]): Promise<FoundFile> {
    const [first] = this.#options.roots;
    if (first === undefined) return { kind: "refused", reason: NO_ROOTS };
    if (project?.includes("\0")) return { kind: "refused", reason: "it is no path" };
    return this.#read(join(resolve(first, project ?? "."), ...path));
  }

  /** Reads a file in the home directory, where that is below a root. */
  async ofHome(...path: readonly string[]): Promise<FoundFile> {
    const { home } = this.#options;
    const found = home === undefined ? ABSENT : await this.#read(join(home, ...path));
    return found.kind === "refused" && found.reason === OUTSIDE ? ABSENT : found;
  }

  /** Any file below a root, as it is. */
  async sent(path: string, mostBytes: number): Promise<FoundBytes> {
    if (!this.readsAny) return { kind: "refused", reason: NO_ROOTS };
    return this.#readBytes(path, mostBytes);
  }

  async #read(path: string): Promise<FoundFile> {
    const found = await this.#readBytes(path, LONGEST_FILE);
    if (found.kind !== "read") return found;
    const { bytes, ...rest } = found;
    return { ...rest, text: bytes.toString("utf8") };
  }

  async #readBytes(path: string, mostBytes: number): Promise<FoundBytes> {
    try {
      const real = await realpath(path);
      if (!(await this.#isAllowed(real))) return { kind: "refused", reason: OUTSIDE };
      const file = await open(real, READ);
      try {
        return await read(file, { path, real, mostBytes });
      } finally {
        await file.close();
      }
    } catch (error) {
      return (await this.#isOutside(path)) ? { kind: "refused", reason: OUTSIDE } : failure(error);
    }
  }

  /** Whether there is such a file is told for what is below a root alone. */
  async #isOutside(path: string): Promise<boolean> {
    for (let folder = path; ; folder = join(folder, "..")) {
      const real = await realpath(folder).catch(() => undefined);
      if (real !== undefined) return !(await this.#isAllowed(real));
    }
  }

  async #isAllowed(real: string): Promise<boolean> {
    for (const root of this.#options.roots) {
      const folder = await realpath(root).catch(() => undefined);
      // Programs with windows start others in "/": that is no project.
      if (folder === undefined || (folder === sep && root !== sep)) continue;
      if (real === folder || real.startsWith(folder === sep ? sep : folder + sep)) return true;
    }
    return false;
  }
}

type Wanted = { readonly path: string; readonly real: string; readonly mostBytes: number };

async function read(file: FileHandle, { path, real, mostBytes }: Wanted): Promise<FoundBytes> {
  const opened = await file.stat();
  if (!opened.isFile()) return { kind: "refused", reason: "it is no regular file" };
  // Between the look at the path and the opening it may have become another one.
  const named = await stat(real);
  if ((await realpath(path)) !== real || named.ino !== opened.ino || named.dev !== opened.dev) {
    return { kind: "refused", reason: "it changed while it was opened" };
  }
  const bytes = await contentOf(file, mostBytes);
  if (bytes === undefined) return { kind: "refused", reason: `it has more than ${sizeText(mostBytes)}` };
  return { kind: "read", path, bytes, modifiedAt: opened.mtimeMs };
}

const sizeText = (bytes: number) => (bytes < 2 ** 20 ? `${bytes / 2 ** 10} KiB` : `${bytes / 2 ** 20} MiB`);

/** Undefined for what is too long, whatever size the file says that it has. */
async function contentOf(file: FileHandle, mostBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  for (let size = 0; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, null);
    if (bytesRead === 0) return Buffer.concat(chunks);
    size += bytesRead;
    if (size > mostBytes) return undefined;
    chunks.push(buffer.subarray(0, bytesRead));
  }
}

function failure(error: unknown): Unread {
  const { code = "" } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") return ABSENT;
  return { kind: "refused", reason: `it cannot be read: ${code}` };
}
