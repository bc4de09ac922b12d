import { formsOf } from "./known-secrets.ts";

export type Found = { readonly value: string; readonly at: number };

/** Bytes of a form by which it is looked for; every form is longer. */
const WINDOW = 12;
const BITS = 2 ** 22;
const FACTOR = 0x01000193;

/** Finds any of many secrets, in any of their forms, in one pass over bytes. */
export class Search {
  readonly #forms = new Map<number, { readonly bytes: Buffer; readonly value: string }[]>();
  readonly #bits = new Uint8Array(BITS);
  /** What the byte that leaves the window has added to the hash. */
  readonly #leaving: number;

  constructor(values: Iterable<string>) {
    this.#leaving = Array.from({ length: WINDOW }).reduce<number>((power) => Math.imul(power, FACTOR), 1);
    for (const value of new Set(values)) for (const form of formsOf(value)) this.#add(Buffer.from(form), value);
  }

  #add(bytes: Buffer, value: string): void {
    if (bytes.length < WINDOW) return;
    let hash = 0;
    for (let index = 0; index < WINDOW; index += 1) hash = (Math.imul(hash, FACTOR) + (bytes[index] ?? 0)) | 0;
    this.#bits[hash & (BITS - 1)] = 1;
    const known = this.#forms.get(hash) ?? [];
    known.push({ bytes, value });
    this.#forms.set(hash, known);
  }

  /** Each place at which one of them stands. */
  in(bytes: Buffer): Found[] {
    const found: Found[] = [];
    const bits = this.#bits;
    const leaving = this.#leaving;
    let hash = 0;
    for (let index = 0; index < bytes.length; index += 1) {
      hash = (Math.imul(hash, FACTOR) + (bytes[index] ?? 0)) | 0;
      if (index >= WINDOW) hash = (hash - Math.imul(leaving, bytes[index - WINDOW] ?? 0)) | 0;
      if (index < WINDOW - 1 || bits[hash & (BITS - 1)] === 0) continue;
      const at = index - WINDOW + 1;
      for (const form of this.#forms.get(hash) ?? []) {
        if (bytes.subarray(at, at + form.bytes.length).equals(form.bytes)) found.push({ value: form.value, at });
      }
    }
    return found;
  }
}
