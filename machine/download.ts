import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { EnvHttpProxyAgent, fetch } from "undici";

export type DownloadOptions = {
  readonly url: URL;
  /** Where it goes. Nothing is left there when it fails. */
  readonly file: string;
  /** What the content must hash to, in hexadecimal digits. */
  readonly sha256: string;
  /** Told how much is there, from 0 to 1, where the length is known. */
  readonly onShare?: (share: number) => void;
  /** How long the answer may take, and how long each next `leastBytes` of it. */
  readonly patienceMs?: number;
  readonly leastBytes?: number;
};

/** The site cannot be reached or is too slow: other files of it need not be tried. */
export class UnreachableError extends Error {}

/** What came is something else than what was pinned. */
export class ChecksumError extends Error {}

const PATIENCE_MS = 5_000;
const LEAST_BYTES = 65_536;

/**
 * Downloads a file over http, https (through the proxy that the environment names) or from disk. It is there when its content
 * is the one that was pinned, and not at all otherwise.
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

/** Reads a small text, such as a checksum that a site publishes; undefined when there is none. */
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

/** fetch says "fetch failed", and why in what caused it. */
function reasonOf(error: Error): string {
  const cause = error.cause as (Error & { code?: string }) | undefined;
  return cause?.message || cause?.code || error.message;
}

/** Counts what passes, and gives up on a source that is cut off or gives next to nothing. */
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
