import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** The files of `server/process/log-files.ts`, and those that they were followed by. */
const own = /^(application|security|audit)\.log(\.[0-9A-Za-z-]{1,64})?$/;
const KEPT_MS = 7 * 24 * 3_600_000;

export type LogFile = { readonly name: string; readonly path: string; readonly bytes: number; readonly changed: Date };

/** The log files of the last seven days; a folder that cannot be read has none. */
export async function recentLogs(folder: string | undefined, now: number): Promise<readonly LogFile[]> {
  if (folder === undefined) return [];
  const names = (await readdir(folder).catch(() => [])).filter((name) => own.test(name));
  const files = await Promise.all(names.sort().map((name) => lookAt(name, join(folder, name))));
  return files.flatMap((file) => (file !== undefined && now - file.changed.getTime() < KEPT_MS ? [file] : []));
}

async function lookAt(name: string, path: string): Promise<LogFile | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? { name, path, bytes: found.size, changed: found.mtime } : undefined;
}

/** What a file held when it was looked at; a line that came later is in the next backup. */
export async function* contentOf({ path, bytes }: LogFile): AsyncGenerator<Buffer> {
  const file = await open(path);
  try {
    yield* chunksOf(file, bytes);
  } finally {
    await file.close();
  }
}

async function* chunksOf(file: FileHandle, bytes: number): AsyncGenerator<Buffer> {
  for (let position = 0; position < bytes; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(65_536, bytes - position)));
    // A file that was emptied meanwhile keeps the length that was announced.
    yield bytesRead === 0 ? Buffer.alloc(bytes - position, "\n") : buffer.subarray(0, bytesRead);
    position += bytesRead === 0 ? bytes - position : bytesRead;
  }
}
