import * as z from "zod";
import { apiKeyEntrySchema } from "../../../contract/api-key-file.ts";

/** An entry of the file of keys that the operator has written. */
export type KeyEntry = { readonly hash: string; readonly name: string; readonly expires?: string | undefined };

const hash = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** The entries of a stored file. What is no entry, as somebody may have written it, is no key. */
export function keyEntries(stored: string | undefined): readonly KeyEntry[] {
  const file = z.record(z.string(), z.unknown()).safeParse(parsed(stored));
  return Object.entries(file.data ?? {}).flatMap(([key, value]) => {
    const entry = apiKeyEntrySchema.safeParse(value);
    return hash.safeParse(key).success && entry.success ? [{ hash: key, ...entry.data }] : [];
  });
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "{}");
  } catch {
    return {};
  }
}
