import { createHash } from "node:crypto";

/** Size and SHA-256 of what goes by. */
export class Digest {
  readonly #hash = createHash("sha256");
  bytes = 0;

  async *over(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#hash.update(chunk);
      this.bytes += chunk.length;
      yield chunk;
    }
  }

  /** Hexadecimal; once, at the end. */
  sha256(): string {
    return this.#hash.digest("hex");
  }
}
