import { constants, type Stats } from "node:fs";
import { lstat, open } from "node:fs/promises";

/** A file as it was when it was read. */
export type FileRead = {
  readonly text: string;
  /** Longer than what was read. */
  readonly isTooLong: boolean;
  readonly state: FileState;
};

/** What changes when somebody writes a file again, or another one under its name. */
export type FileState = {
  readonly inode: number;
  readonly size: number;
  /** When it was last written, Unix time in milliseconds of whatever machine wrote it. */
  readonly writtenAt: number;
};

/** The beginning of a file that is no link, pipe or device; undefined when it is gone, or something else by now. */
export async function readRegular(path: string, mostBytes: number): Promise<FileRead | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ELOOP") return undefined;
      throw error;
    },
  );
  if (file === undefined) return undefined;
  try {
    const stats = await file.stat();
    if (!stats.isFile()) return undefined;
    const buffer = Buffer.alloc(Math.min(stats.size, mostBytes) + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    const text = buffer.toString("utf8", 0, bytesRead);
    return { text, isTooLong: bytesRead > mostBytes, state: stateOf(stats) };
  } finally {
    await file.close();
  }
}

/** True when the path still leads to what was read. */
export async function isUnchanged(path: string, state: FileState): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  return stats !== undefined && isSame(stateOf(stats), state);
}

export const isSame = (one: FileState | undefined, other: FileState): boolean =>
  one !== undefined && one.inode === other.inode && one.size === other.size && one.writtenAt === other.writtenAt;

const stateOf = ({ ino: inode, size, mtimeMs: writtenAt }: Stats): FileState => ({ inode, size, writtenAt });
