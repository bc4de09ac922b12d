import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { pipeline, Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { packTar, type TarSource } from "modern-tar/fs";
import { Digest } from "./digest.ts";
import { encrypted } from "./encryption.ts";
import { type Entry, type Manifest, manifestEntry } from "./manifest.ts";

/** A file that becomes an entry. */
export type ArchivedFile = { readonly path: string; readonly entry: Entry };

/** A file under the name that it gets in the archive, with its checksum. */
export async function archivedFile(name: string, path: string): Promise<ArchivedFile> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  const { size: bytes } = await stat(path);
  return { path, entry: { name, bytes, sha256: hash.digest("hex") } };
}

/** The bytes of an archive: a gzipped tar that begins with its manifest, encrypted when there are recipients. */
export async function archiveOf(
  manifest: Omit<Manifest, "entries">,
  files: readonly ArchivedFile[],
  recipients: readonly string[],
): Promise<{ readonly content: AsyncIterable<Uint8Array>; readonly digest: Digest }> {
  const complete: Manifest = { ...manifest, entries: files.map(({ entry }) => entry) };
  const tar = packTar([
    { type: "content", target: manifestEntry, content: `${JSON.stringify(complete, null, 2)}\n`, mode: 0o600 },
    ...files.map(({ path, entry }): TarSource => ({ type: "file", target: entry.name, source: path, mode: 0o600 })),
  ]);
  // Whoever reads the result hears of an error.
  const zipped = pipeline(tar, createGzip(), () => undefined);
  const bytes = recipients.length === 0 ? zipped : await encrypted(Readable.from(zipped), recipients);
  const digest = new Digest();
  return { content: digest.over(bytes), digest };
}

/** What names a secret in the clear: a manifest of one, or a file that is no manifest and could hold anything. */
export async function firstSecret(files: readonly ArchivedFile[]): Promise<string | undefined> {
  for (const { path, entry } of files) if (!(await isOpenManifest(path))) return entry.name;
  return undefined;
}

async function isOpenManifest(path: string): Promise<boolean> {
  if (!/\.ya?ml$/.test(path)) return false;
  const text = await readFile(path, "utf8");
  return /^["']?kind["']?\s*:/m.test(text) && !/["']?kind["']?\s*:\s*["']?Secret(?![A-Za-z])/.test(text);
}
