import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { problems } from "./problems.ts";

/** The files that commands read and write. */
export type Files = {
  /** undefined when there is none. */
  read(path: string): string | undefined;
  /** Whole or not at all, readable for its owner alone: keys stand in such files. */
  write(path: string, content: string | Uint8Array): void;
  remove(path: string): void;
};

/** Those of this machine, from a folder on. */
export function filesIn(folder: string): Files {
  const at = (path: string) => resolve(folder, path);
  return {
    read: (path) => guarded(path, () => (existsSync(at(path)) ? readFileSync(at(path), "utf8") : undefined)),
    write: (path, content) => guarded(path, () => writeWhole(at(path), content)),
    remove: (path) => guarded(path, () => rmSync(at(path), { force: true })),
  };
}

function writeWhole(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.new`;
  try {
    writeFileSync(temporary, content, { mode: 0o600 });
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

function guarded<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw problems.fileUnusable(path, (error as Error).message);
  }
}
