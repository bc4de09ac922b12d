import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { type BackupResult, backupResultSchema, checksumSuffix, snapshotEntries } from "../../contract/backup.ts";
import { readArchive } from "./archive-reader.ts";
import { BackupError, reasonOf } from "./backup-error.ts";
import { folders } from "./manifest.ts";
import type { ArchiveStore } from "./stores/archive-store.ts";
import { openStore } from "./stores/open-store.ts";
import type { S3Options } from "./stores/s3-store.ts";

export type RestoreConfig = {
  /** The archive: file:// or s3://. */
  readonly source: string;
  readonly s3?: S3Options;
  readonly dataDir: string;
  /** Text of a file with age identities. */
  readonly identities?: string;
};

export type RestoreWorld = {
  /** Makes a restored queue ready for a bridge; throws when no bridge could open it. */
  readonly prepareRestored: (path: string) => void;
  readonly newestSchema: number;
};

const markName = ".restored.json";
/** What a killed restore left is thrown away by the next one. */
const workName = ".restoring";

const markSchema = z.object({
  state: z.enum(["restoring", "restored"]),
  source: z.string(),
  /** Of the queue's file, as it was restored: until a bridge has opened it. */
  queue_sha256: z.string(),
  result: backupResultSchema,
});

type Mark = Readonly<z.output<typeof markSchema>>;

/**
 * Fills an empty data directory from an archive. Done before, by this very restore: resolves at once. Rejects with an error of the
 * catalogue, and the directory is as it was.
 */
export async function restore(config: RestoreConfig, world: RestoreWorld): Promise<BackupResult> {
  const { dataDir: directory } = config;
  const began = performance.now();
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const done = await earlier(config);
    if (done !== undefined) return done;
    const work = join(directory, workName);
    await rm(work, { recursive: true, force: true });
    await mkdir(work, { mode: 0o700 });
    try {
      const result = await unpack(config, world, work);
      return await settle(config, work, { ...result, durationMs: Math.round(performance.now() - began) });
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  } catch (error) {
    throw told(error, directory);
  }
}

/** The result of this restore, when it was done before. Throws when the directory holds anything else. */
async function earlier({ dataDir: directory, source }: RestoreConfig): Promise<BackupResult | undefined> {
  const names = await readdir(directory);
  const others = names.filter((name) => ![markName, `${markName}.new`, workName, "lost+found"].includes(name));
  const mark = names.includes(markName) ? await readMark(join(directory, markName)) : undefined;
  if (others.length === 0) return undefined;
  const what = (text: string) => new BackupError("RESTORE_DIRECTORY_NOT_EMPTY", { directory, what: text });
  if (mark === undefined) throw what(`data (${others.slice(0, 3).join(", ")})`);
  if (mark.source !== source) throw what("what was restored from another archive");
  if (mark.state === "restored") return mark.result;
  // Killed between the two steps of settling: the queue is whole, unless somebody has used it since.
  const queue = join(directory, snapshotEntries.queue);
  if ((await sha256Of(queue).catch(() => "")) !== mark.queue_sha256)
    throw what("a restore that was cut off, and was used");
  await writeMark(directory, { ...mark, state: "restored" });
  return mark.result;
}

async function unpack({ source, s3, identities }: RestoreConfig, world: RestoreWorld, work: string) {
  const slash = source.lastIndexOf("/");
  const store = await openStore(source.slice(0, slash), s3);
  const key = source.slice(slash + 1);
  const content = await store.get(key);
  const { newestSchema } = world;
  const read = await readArchive({ content, location: source, folder: work, newestSchema, identities });
  const expected = await checksumOf(store, key);
  const broken = (reason: string, cause?: unknown) =>
    new BackupError("BACKUP_BROKEN", { location: source, reason }, cause);
  if (expected !== undefined && expected !== read.sha256) throw broken(`its checksum is not that of ${key}.sha256`);
  try {
    world.prepareRestored(join(work, folders.data, snapshotEntries.queue));
  } catch (error) {
    throw broken(`the queue in it cannot be opened: ${reasonOf(error)}`, error);
  }
  const { schema_version: schemaVersion, messages_waiting: messages } = read.manifest;
  const { bytes: sizeBytes, sha256 } = read;
  return { location: source, sizeBytes, sha256, schemaVersion, messages, verified: true };
}

/** The checksum beside an archive; undefined when there is none, as for one that somebody has copied alone. */
async function checksumOf(store: ArchiveStore, key: string): Promise<string | undefined> {
  try {
    const chunks = await Array.fromAsync(await store.get(key + checksumSuffix));
    return /^[0-9a-f]{64}/.exec(Buffer.concat(chunks).toString("latin1"))?.[0];
  } catch (error) {
    if (error instanceof BackupError && error.code === "BACKUP_NOT_FOUND") return undefined;
    throw error;
  }
}

/** The queue comes into the directory in one step, between two marks that say how far this is. */
async function settle({ dataDir, source }: RestoreConfig, work: string, result: BackupResult): Promise<BackupResult> {
  const queue = join(work, folders.data, snapshotEntries.queue);
  const mark: Mark = { state: "restoring", source, queue_sha256: await sha256Of(queue), result };
  await writeMark(dataDir, mark);
  await rename(queue, join(dataDir, snapshotEntries.queue));
  await syncFolder(dataDir);
  await writeMark(dataDir, { ...mark, state: "restored" });
  return result;
}

async function readMark(path: string): Promise<Mark | undefined> {
  try {
    return markSchema.safeParse(JSON.parse(await readFile(path, "utf8"))).data;
  } catch {
    return undefined;
  }
}

async function writeMark(directory: string, mark: Mark): Promise<void> {
  const path = join(directory, markName);
  await writeFile(`${path}.new`, `${JSON.stringify(mark)}\n`, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
  await syncFolder(directory);
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

function told(error: unknown, directory: string): unknown {
  if (error instanceof BackupError) return error;
  if (!(error instanceof Error) || !("syscall" in error)) return error;
  return new BackupError("RESTORE_DIRECTORY_UNUSABLE", { directory, reason: reasonOf(error) }, error);
}
