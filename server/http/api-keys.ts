import { createHash, timingSafeEqual } from "node:crypto";
import { z } from "zod";

/** A client as its key identifies it. */
export type Client = {
  /** First 16 hex digits of the key's SHA-256: safe to log, stable over restarts. */
  readonly id: string;
  readonly name: string;
  /** Names of tools, or "*" for all. */
  readonly permissions: ReadonlySet<string>;
};

export type ApiKey = { readonly digest: Buffer; readonly client: Client };

/** Why a text is not a list of keys. Never holds a key. */
export class ApiKeysError extends Error {
  override readonly name = "ApiKeysError";
}

const entrySchema = z.object({
  name: z.string().min(1).max(100),
  permissions: z.array(z.string().min(1).max(128)).max(100).default([]),
  enabled: z.boolean().default(true),
});
const fileSchema = z.record(z.string().min(1), entrySchema);
const hashed = /^sha256:([0-9a-f]{64})$/i;
// Shorter keys could be guessed; the guides make 64 hex digits with `openssl rand -hex 32`.
const shortestKey = 16;

/**
 * Keys from JSON (`{"KEY" | "sha256:HEX": {"name", "permissions", "enabled"}}`), or from plain keys separated by
 * commas, which may call every tool. Disabled keys are left out. Throws ApiKeysError.
 */
export function parseApiKeys(text: string): readonly ApiKey[] {
  const trimmed = text.trim();
  if (trimmed === "") throw new ApiKeysError("there are no keys in it");
  return trimmed.startsWith("{") ? fromJson(trimmed) : fromList(trimmed);
}

/**
 * The client whose key this is. Every key is compared, so that neither the time nor the order tells how near a guess
 * was.
 */
export function findClient(keys: readonly ApiKey[], presented: string): Client | undefined {
  const digest = sha256(presented);
  let found: Client | undefined;
  for (const key of keys) {
    if (timingSafeEqual(key.digest, digest)) found = key.client;
  }
  return found;
}

function fromJson(text: string): readonly ApiKey[] {
  const parsed = fileSchema.safeParse(toJson(text));
  if (!parsed.success) throw new ApiKeysError(describe(parsed.error));
  return Object.entries(parsed.data)
    .filter(([, { enabled }]) => enabled)
    .map(([key, { name, permissions }]) => apiKey(digestOf(key, name), name, permissions));
}

function fromList(text: string): readonly ApiKey[] {
  const keys = text.split(",").map((key) => key.trim());
  return keys.map((key, index) => apiKey(digestOf(key, `client-${index + 1}`), `client-${index + 1}`, ["*"]));
}

function apiKey(digest: Buffer, name: string, permissions: readonly string[]): ApiKey {
  return { digest, client: { id: digest.toString("hex").slice(0, 16), name, permissions: new Set(permissions) } };
}

function digestOf(key: string, name: string): Buffer {
  const hex = hashed.exec(key)?.[1];
  if (hex !== undefined) return Buffer.from(hex, "hex");
  if (key.length < shortestKey) {
    throw new ApiKeysError(`the key of '${name}' is shorter than ${shortestKey} characters; try openssl rand -hex 32`);
  }
  return sha256(key);
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, and the text holds keys.
    throw new ApiKeysError("it is not valid JSON");
  }
}

/** The first path segment is the key itself, so only what lies below it is named. */
function describe(error: z.ZodError): string {
  const problems = error.issues.map(({ path, message }) => `${path.slice(1).join(".") || "an entry"}: ${message}`);
  return [...new Set(problems)].join("; ");
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
