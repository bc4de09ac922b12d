import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Secret } from "./known-secrets.ts";

/** Something that was said where it can be read. */
export type Said = {
  /** answer: received over a socket; output: of a process; file: written to disk; log: of a part in the test's own process. */
  readonly kind: "answer" | "output" | "file" | "log";
  /** The test, and the name of a file. */
  readonly by: string;
  readonly bytes: Buffer;
};

const BATCH_BYTES = 2 ** 20;

/** The name of the variable that says where a run keeps its record; without it nothing is kept. */
export const RECORD_VARIABLE = "CCTELEGRAM_TEST_RECORD";

/** What the tests of one process said, and the secrets that they used, in files of their own in the record's folder. */
export class RecordWriter {
  readonly #folder: string;
  readonly #name: string;
  readonly #mostBytes: number;
  readonly #known = new Set<string>();
  #said: Buffer[] = [];
  #secrets: string[] = [];
  #waiting = 0;
  #total = 0;

  constructor(folder: string, name: string, mostBytes: number) {
    this.#folder = folder;
    this.#name = name;
    this.#mostBytes = mostBytes;
  }

  used(secrets: readonly Secret[]): void {
    for (const secret of secrets) {
      if (this.#known.has(secret.value)) continue;
      this.#known.add(secret.value);
      this.#secrets.push(`${JSON.stringify(secret)}\n`);
    }
  }

  said({ kind, by, bytes }: Said): void {
    if (bytes.length === 0) return;
    this.#total += bytes.length;
    // A run that says more is no reason to fill the disk; whoever reads the record is told.
    const isTooMuch = this.#total > this.#mostBytes;
    const kept = isTooMuch ? Buffer.alloc(0) : bytes;
    this.#said.push(
      Buffer.from(`${JSON.stringify({ kind, by, length: kept.length, lost: bytes.length - kept.length })}\n`),
      kept,
    );
    this.#waiting += kept.length + 100;
    if (this.#waiting > BATCH_BYTES) this.flush();
  }

  flush(): void {
    if (this.#said.length > 0)
      appendFileSync(join(this.#folder, `${this.#name}.said.gz`), gzipSync(Buffer.concat(this.#said), { level: 1 }));
    if (this.#secrets.length > 0) appendFileSync(join(this.#folder, `${this.#name}.secrets`), this.#secrets.join(""));
    this.#said = [];
    this.#secrets = [];
    this.#waiting = 0;
  }
}

export function secretsIn(folder: string): Secret[] {
  return namesIn(folder, ".secrets").flatMap((name) =>
    readFileSync(join(folder, name), "utf8")
      .trimEnd()
      .split("\n")
      .map((line): Secret => JSON.parse(line)),
  );
}

/** Everything that was said, file by file, so that only one of them is in memory. */
export function* saidIn(folder: string): Generator<Said & { readonly lost: number }> {
  for (const name of namesIn(folder, ".said.gz")) {
    const all = gunzipSync(readFileSync(join(folder, name)));
    for (let at = 0; at < all.length; ) {
      const end = all.indexOf("\n", at);
      const { kind, by, length, lost } = JSON.parse(all.toString("utf8", at, end));
      at = end + 1 + length;
      yield { kind, by, lost, bytes: all.subarray(end + 1, at) };
    }
  }
}

const namesIn = (folder: string, ending: string) => readdirSync(folder).filter((name) => name.endsWith(ending));
