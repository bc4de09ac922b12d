import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { createTarDecoder } from "modern-tar";
import { Digest } from "./digest.ts";
import type { Entry } from "./manifest.ts";

type TarEntry = { readonly name: string; readonly bytes: number; readonly body: AsyncIterable<Uint8Array> };

/** The files of a tar, one after the other; each has to be read to its end before the next. Throws for anything that is no file. */
export async function* tarEntries(tar: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const decoded = Readable.toWeb(Readable.from(tar)).pipeThrough(createTarDecoder({ strict: true }));
  for await (const { header, body } of decoded) {
    if (header.type !== "file") throw new Error(`'${header.name}' is no file`);
    yield { name: header.name, bytes: header.size, body };
  }
}

/** Writes an entry into a file, on disk when this resolves. */
export async function writeEntry({ name, bytes, body }: TarEntry, path: string): Promise<Entry> {
  const digest = new Digest();
  const file = await open(path, "wx", 0o600);
  try {
    for await (const chunk of digest.over(body)) await file.writeFile(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
  if (digest.bytes !== bytes) throw new Error(`'${name}' is shorter than announced`);
  return { name, bytes, sha256: digest.sha256() };
}
