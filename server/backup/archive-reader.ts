import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { archiveFormat } from "../../contract/backup.ts";
import { BackupError, reasonOf } from "./backup-error.ts";
import { Digest } from "./digest.ts";
import { decrypted, isEncrypted } from "./encryption.ts";
import { type Entry, headSchema, longestManifest, type Manifest, manifestEntry, manifestSchema } from "./manifest.ts";
import { tarEntries, writeEntry } from "./tar-entries.ts";

export type ReadOptions = {
  readonly content: AsyncIterable<Uint8Array>;
  /** For messages. */
  readonly location: string;
  /** An empty folder: the entries come into it, under their names. */
  readonly folder: string;
  /** Newest schema of a queue that this program knows. */
  readonly newestSchema: number;
  /** Text of a file with age identities. */
  readonly identities?: string | undefined;
};

export type ReadArchive = { readonly manifest: Manifest; readonly bytes: number; readonly sha256: string };

/**
 * Reads a whole archive into a folder, and checks everything that it says of itself. Rejects with BACKUP_FOREIGN, BACKUP_BROKEN,
 * BACKUP_NEWER or BACKUP_ENCRYPTED; what is in the folder then is to be thrown away.
 */
export async function readArchive(options: ReadOptions): Promise<ReadArchive> {
  const digest = new Digest();
  const source = Readable.from(digest.over(options.content));
  const { head, whole } = await peeked(source, 32);
  const reading = new Reading(options);
  try {
    const plain = isEncrypted(head) ? await decrypted(whole, options.identities, options.location) : whole;
    const { head: magic, whole: zipped } = await peeked(Readable.from(plain), 2);
    reading.expectGzip(magic);
    const tar = pipeline(zipped, createGunzip(), () => undefined);
    for await (const entry of tarEntries(tar)) await reading.take(entry);
    const manifest = reading.finish();
    return { manifest, bytes: digest.bytes, sha256: digest.sha256() };
  } catch (error) {
    throw reading.told(error);
  } finally {
    source.destroy();
  }
}

/** One archive, entry by entry. */
class Reading {
  readonly #options: ReadOptions;
  #manifest: Manifest | undefined;
  readonly #missing = new Map<string, Entry>();

  constructor(options: ReadOptions) {
    this.#options = options;
  }

  expectGzip(head: Uint8Array): void {
    if (head.length === 0) throw this.#broken("it is empty");
    if (head[0] !== 0x1f || head[1] !== 0x8b) throw this.#foreign("it is neither gzip nor age");
  }

  async take({ name, bytes, body }: { name: string; bytes: number; body: AsyncIterable<Uint8Array> }): Promise<void> {
    if (this.#manifest === undefined) {
      if (name !== manifestEntry) throw this.#foreign(`it does not begin with ${manifestEntry}`);
      if (bytes > longestManifest) throw this.#foreign("its manifest is too long");
      const chunks = await Array.fromAsync(body);
      this.#begin(Buffer.concat(chunks).toString("utf8"));
      return;
    }
    const expected = this.#missing.get(name);
    if (expected === undefined) throw this.#broken("it holds an entry that its manifest does not name");
    if (bytes !== expected.bytes) throw this.#broken(`${name} has another size than its manifest says`);
    const path = join(this.#options.folder, name);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const written = await writeEntry({ name, bytes, body }, path);
    if (written.sha256 !== expected.sha256) throw this.#broken(`${name} has another checksum than its manifest says`);
    this.#missing.delete(name);
  }

  finish(): Manifest {
    if (this.#manifest === undefined) throw this.#broken("it ends before its manifest");
    const [left] = this.#missing.keys();
    if (left !== undefined) throw this.#broken(`${left} is missing`);
    return this.#manifest;
  }

  /** Anything that reading threw, as what it means: before the manifest nobody knows that it is ours. */
  told(error: unknown): BackupError {
    if (error instanceof BackupError) return error;
    if (isOfTheDisk(error)) {
      const { folder: directory } = this.#options;
      return new BackupError("RESTORE_DIRECTORY_UNUSABLE", { directory, reason: reasonOf(error) }, error);
    }
    return this.#broken(reasonOf(error), error);
  }

  #begin(text: string): void {
    const json = jsonOf(text);
    const head = headSchema.safeParse(json);
    if (!head.success) throw this.#foreign(`its ${manifestEntry} is another program's`);
    if (head.data.format > archiveFormat) {
      throw this.#newer(`its form is ${head.data.format}, and this program knows ${archiveFormat}`);
    }
    const manifest = manifestSchema.safeParse(json);
    if (!manifest.success) throw this.#broken("its manifest is not valid");
    const { schema_version: schema, entries } = manifest.data;
    if (schema > this.#options.newestSchema) {
      throw this.#newer(`its schema is ${schema}, and this program knows ${this.#options.newestSchema}`);
    }
    this.#manifest = manifest.data;
    for (const entry of entries) this.#missing.set(entry.name, entry);
  }

  #foreign = (reason: string) => new BackupError("BACKUP_FOREIGN", { location: this.#options.location, reason });
  #newer = (reason: string) => new BackupError("BACKUP_NEWER", { location: this.#options.location, reason });
  #broken = (reason: string, cause?: unknown) =>
    new BackupError("BACKUP_BROKEN", { location: this.#options.location, reason }, cause);
}

/** The first bytes, and all of them. */
async function peeked(source: Readable, length: number): Promise<{ head: Uint8Array; whole: Readable }> {
  const iterator = source[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  for (let bytes = 0; bytes < length; ) {
    const { value, done } = await iterator.next();
    if (done === true) break;
    seen.push(value);
    bytes += value.length;
  }
  const rest = async function* () {
    yield* seen;
    for (;;) {
      const { value, done } = await iterator.next();
      if (done === true) return;
      yield value;
    }
  };
  return { head: Buffer.concat(seen).subarray(0, length), whole: Readable.from(rest(), { objectMode: false }) };
}

const isOfTheDisk = (error: unknown) =>
  error instanceof Error && "code" in error && /^(ENOSPC|EDQUOT|EROFS|EACCES|EPERM|EIO)$/.test(String(error.code));

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
