import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  archiveFormat,
  archiveLocation,
  type BackupResult,
  checksumSuffix,
  snapshotEntries,
} from "../../contract/backup.ts";
import type { Logger } from "../telemetry/logger.ts";
import { readArchive } from "./archive-reader.ts";
import { type ArchivedFile, archivedFile, archiveOf, firstSecret } from "./archive-writer.ts";
import { BackupError, reasonOf } from "./backup-error.ts";
import { readSnapshot } from "./bridge-snapshot.ts";
import { passingIdentity } from "./encryption.ts";
import { folders, type Manifest } from "./manifest.ts";
import { manifestFiles } from "./manifest-files.ts";
import { factsOf, type QueueFacts } from "./queue-file.ts";
import { outdated, type Retention } from "./retention.ts";
import type { ArchiveStore } from "./stores/archive-store.ts";
import { openStore } from "./stores/open-store.ts";
import type { S3Options } from "./stores/s3-store.ts";

export type BackupConfig = {
  readonly bridge: { readonly url: string; readonly secret: string; readonly patienceMs: number };
  readonly target: string;
  readonly s3?: S3Options;
  readonly of: string;
  /** Absent: of the time. */
  readonly name?: string;
  /** An archive of the same name from before is not replaced, milliseconds since the epoch. Absent: each is. */
  readonly keepOlderThan?: number;
  readonly manifestsFolder?: string;
  /** age recipients; empty: the archive is not encrypted. */
  readonly recipients: readonly string[];
  readonly verify: boolean;
  readonly retention: Retention;
  readonly version: string;
};

export type BackupWorld = {
  /** Wall clock, milliseconds since the epoch. */
  readonly clock: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Makes a restored queue ready for a bridge; throws when no bridge could open it. */
  readonly prepareRestored: (path: string) => void;
  readonly newestSchema: number;
};

/** Makes one backup. Rejects with an error of the catalogue; then there is no new archive, and no other one was touched. */
export async function makeBackup(config: BackupConfig, world: BackupWorld): Promise<BackupResult> {
  const work = await mkdtemp(join(tmpdir(), "cctelegram-backup-"));
  try {
    return await new Backup(config, world, work).run();
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

class Backup {
  readonly #config: BackupConfig;
  readonly #world: BackupWorld;
  readonly #work: string;
  readonly #key: string;
  readonly #location: string;
  readonly #name: string;

  constructor(config: BackupConfig, world: BackupWorld, work: string) {
    this.#config = config;
    this.#world = world;
    this.#work = work;
    this.#name =
      config.name ?? `backup-${new Date(world.clock()).toISOString().replaceAll(/[-:.]/g, "").toLowerCase()}`;
    this.#location = archiveLocation({ target: config.target, of: config.of, name: this.#name });
    this.#key = archiveLocation({ target: "", of: config.of, name: this.#name }).slice(1);
  }

  async run(): Promise<BackupResult> {
    const { logger, signal } = this.#world;
    const began = performance.now();
    const manifests = await this.#manifests();
    const store = await openStore(this.#config.target, this.#config.s3);
    await this.#expectRoom(store);
    const { facts, files } = await this.#snapshot();
    signal.throwIfAborted();
    const result = await this.#store(store, facts, [...files, ...manifests]);
    await this.#prune(store).catch((error: unknown) => logger.warn({ reason: reasonOf(error) }, "older archives stay"));
    return { ...result, durationMs: Math.round(performance.now() - began) };
  }

  /** An earlier try of this backup may have left an archive; one from before is somebody's only copy. */
  async #expectRoom(store: ArchiveStore): Promise<void> {
    const { keepOlderThan, of } = this.#config;
    if (keepOlderThan === undefined) return;
    const found = (await store.list(of)).find(({ key }) => key === this.#key);
    if (found !== undefined && found.changedAt < keepOlderThan) {
      throw new BackupError("BACKUP_EXISTS", { location: this.#location });
    }
  }

  /** Before anything is asked of the bridge. */
  async #manifests(): Promise<readonly ArchivedFile[]> {
    const files = await manifestFiles(this.#config.manifestsFolder);
    const entry = this.#config.recipients.length === 0 ? await firstSecret(files) : undefined;
    if (entry !== undefined) throw new BackupError("BACKUP_SECRETS_IN_THE_CLEAR", { entry });
    return files;
  }

  async #snapshot(): Promise<{ facts: QueueFacts; files: readonly ArchivedFile[] }> {
    const { clock, signal } = this.#world;
    const names = await readSnapshot({ ...this.#config.bridge, folder: this.#work, clock, signal });
    const facts = factsFrom(join(this.#work, snapshotEntries.queue));
    const entryName = (name: string) => (name === snapshotEntries.queue ? folders.data + name : name);
    const files = await Promise.all(names.map((name) => archivedFile(entryName(name), join(this.#work, name))));
    return { facts, files };
  }

  async #store(store: ArchiveStore, facts: QueueFacts, files: readonly ArchivedFile[]): Promise<BackupResult> {
    const { recipients, verify } = this.#config;
    const passing = verify && recipients.length > 0 ? await passingIdentity(recipients) : undefined;
    const manifest = this.#manifest(facts);
    const all = passing === undefined ? recipients : [...recipients, passing.recipient];
    const { content, digest } = await archiveOf(manifest, files, all);
    await store.put(this.#key, content);
    const sha256 = digest.sha256();
    if (verify) await this.#verify(store, manifest, sha256, passing?.identity);
    await store.put(this.#key + checksumSuffix, checksumLine(sha256, this.#key));
    return {
      ...{ location: this.#location, sizeBytes: digest.bytes, sha256, schemaVersion: facts.schemaVersion },
      ...{ durationMs: 0, messages: facts.waiting, verified: verify },
    };
  }

  #manifest({ schemaVersion, rows, waiting }: QueueFacts): Omit<Manifest, "entries"> {
    return {
      kind: "cctelegram-backup",
      format: archiveFormat,
      version: this.#config.version,
      of: this.#config.of,
      name: this.#name,
      created_at: new Date(this.#world.clock()).toISOString(),
      schema_version: schemaVersion,
      rows,
      messages_waiting: waiting,
    };
  }

  /** Restores it into nothing, from where it is stored. One that cannot be restored is worth nothing, and is deleted. */
  async #verify(store: ArchiveStore, expected: Omit<Manifest, "entries">, sha256: string, identities?: string) {
    const folder = await mkdtemp(join(this.#work, "verified-"));
    const [location, { newestSchema, prepareRestored }] = [this.#location, this.#world];
    try {
      const content = await store.get(this.#key);
      const read = await readArchive({ content, location, folder, newestSchema, identities });
      if (read.sha256 !== sha256) throw new Error("it is read back otherwise than it was stored");
      const queue = join(folder, folders.data, snapshotEntries.queue);
      const difference = differenceOf(factsOf(queue).rows, expected.rows);
      if (difference !== undefined) throw new Error(`the table ${difference} has another number of rows`);
      prepareRestored(queue);
      if (factsOf(queue).waiting !== expected.messages_waiting) throw new Error("messages are missing");
    } catch (error) {
      await store.remove(this.#key).catch(() => undefined);
      throw new BackupError("BACKUP_VERIFICATION_FAILED", { location, reason: reasonOf(error) }, error);
    }
  }

  async #prune(store: ArchiveStore): Promise<void> {
    const { of, retention } = this.#config;
    if (retention.days === undefined && retention.count === undefined) return;
    const keys = outdated(await store.list(of), this.#key, retention, this.#world.clock());
    for (const key of keys) {
      // The archive first: without it its checksum means nothing, and the other way round it would be missed.
      await store.remove(key);
      await store.remove(key + checksumSuffix);
    }
    if (keys.length > 0) this.#world.logger.info({ archives: keys }, "older archives were deleted");
  }
}

function factsFrom(path: string): QueueFacts {
  try {
    return factsOf(path);
  } catch (error) {
    throw new BackupError("BACKUP_SNAPSHOT_INCOMPLETE", { reason: `the queue in it is damaged: ${reasonOf(error)}` });
  }
}

/** As `sha256sum --check` takes it. */
async function* checksumLine(sha256: string, key: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${sha256}  ${key.slice(key.lastIndexOf("/") + 1)}\n`);
}

function differenceOf(found: QueueFacts["rows"], expected: QueueFacts["rows"]): string | undefined {
  return Object.keys(expected).find((table) => found[table] !== expected[table]);
}
