import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { EnvHttpProxyAgent, fetch } from "undici";

export type DownloadOptions = {
  readonly url: URL;
  /** Path of the file. It does not exist after a failure. */
  readonly file: string;
  /** The SHA-256 that the content must have, in hexadecimal digits. */
  readonly sha256: string;
  /** Called with the share that is downloaded, from 0 to 1, if the length is known. */
  readonly onShare?: (share: number) => void;
  /** Timeout for the start of the answer, and for each further `leastBytes` of it. */
  readonly patienceMs?: number;
  readonly leastBytes?: number;
};

/** The site cannot be reached or is too slow: other files of it need not be tried. */
export class UnreachableError extends Error {}

/** The content does not have the pinned checksum. */
export class ChecksumError extends Error {}

const PATIENCE_MS = 5_000;
const LEAST_BYTES = 65_536;

/**
 * Downloads a file over http, https (through the proxy in the environment) or from disk. The file exists afterwards only if its
 * content has the pinned checksum.
 */
export async function download(options: DownloadOptions): Promise<void> {
  const hash = createHash("sha256");
  try {
    const { body, length } = await open(options);
    const watched = watch(body, length, options, (chunk) => hash.update(chunk));
    await pipeline(watched, createWriteStream(options.file));
    const actual = hash.digest("hex");
    if (actual !== options.sha256) {
      throw new ChecksumError(
        `${options.url} is not what was pinned: its SHA-256 is ${actual}, pinned is ${options.sha256}`,
      );
    }
  } catch (error) {
    await rm(options.file, { force: true });
    throw error;
  }
}

/** Reads a small text, such as a published checksum; undefined if it does not exist. */
export async function downloadText(url: URL): Promise<string | undefined> {
  const { body, length } = await open({ url }).catch((error: unknown) => {
    if (error instanceof UnreachableError) throw error;
    return { body: Readable.from([]), length: undefined };
  });
  const pieces: Buffer[] = [];
  for await (const piece of watch(body, length, { url })) pieces.push(piece as Buffer);
  return pieces.length === 0 ? undefined : Buffer.concat(pieces).toString("utf8");
}

type Opened = { readonly body: Readable; readonly length: number | undefined };

async function open({ url, patienceMs = PATIENCE_MS }: Pick<DownloadOptions, "url" | "patienceMs">): Promise<Opened> {
  if (url.protocol === "file:") return openFile(url);
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), patienceMs);
  const response = await fetch(url, { dispatcher: new EnvHttpProxyAgent(), signal: abort.signal })
    .catch((error: Error) => {
      const reason = abort.signal.aborted ? `no answer within ${patienceMs / 1000} s` : reasonOf(error);
      throw new UnreachableError(`${url.host} cannot be reached: ${reason}`, { cause: error });
    })
    .finally(() => clearTimeout(timer));
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new Error(`${url} answered ${response.status}`);
  }
  const encoded = response.headers.get("content-encoding") !== null;
  const length = encoded ? undefined : Number(response.headers.get("content-length")) || undefined;
  return { body: Readable.fromWeb(response.body as never), length };
}

async function openFile(url: URL): Promise<Opened> {
  const path = fileURLToPath(url);
  const { size } = await stat(path).catch((cause: unknown) => {
    throw new Error(`${path} is not there`, { cause });
  });
  return { body: createReadStream(path), length: size };
}

/** The message of fetch is just "fetch failed"; the reason is in its cause. */
function reasonOf(error: Error): string {
  const cause = error.cause as (Error & { code?: string }) | undefined;
  return cause?.message || cause?.code || error.message;
}

/** Counts bytes, and gives up if the source breaks off or is too slow. */
function watch(
  body: Readable,
  length: number | undefined,
  { url, onShare, patienceMs = PATIENCE_MS, leastBytes = LEAST_BYTES }: Partial<DownloadOptions> & { url: URL },
  onChunk: (chunk: Buffer) => void = () => undefined,
): Readable {
  let received = 0;
  let before = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      onChunk(chunk);
      if (length !== undefined) onShare?.(received / length);
      done(null, chunk);
    },
    flush(done) {
      const short = length !== undefined && received < length;
      done(short ? new Error(`${url} ended after ${received} of ${length} bytes`) : null);
    },
  });
  const timer = setInterval(() => {
    const least = length === undefined ? leastBytes : Math.min(leastBytes, length - before);
    if (received - before < least) {
      counter.destroy(
        new UnreachableError(`${url.host} is too slow: ${received - before} bytes in ${patienceMs / 1000} s`),
      );
    }
    before = received;
  }, patienceMs);
  counter.once("close", () => {
    clearInterval(timer);
    body.destroy();
  });
  body.once("error", (error) => counter.destroy(new Error(`${url} was cut off: ${error.message}`, { cause: error })));
  return body.pipe(counter);
}
