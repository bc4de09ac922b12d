import { hash, timingSafeEqual } from "node:crypto";
import * as z from "zod";
import { keyProblem } from "../../contract/api-key.ts";
import { apiKeyEntrySchema } from "../../contract/api-key-file.ts";
import type { Client, KeyLimit } from "./client.ts";
import { repeatedName } from "./unique-names.ts";

export type ApiKey = { readonly digest: Buffer; readonly client: Client };

/** Why a text is not a list of keys. Never holds a key. */
export class ApiKeysError extends Error {
  override readonly name = "ApiKeysError";
}

type Entry = z.output<typeof apiKeyEntrySchema>;

const hashed = /^sha256:([0-9a-f]{64})$/i;
// What is no JSON object but came in its place - a list, YAML, an error page - is made of other characters.
const listedKey = /^[A-Za-z0-9._~+/=-]+$/;

/**
 * Keys from a JSON object: `{"KEY" | "sha256:HEX": {"name", "permissions", "enabled", "expires"}}`. Disabled keys are left
 * out. Throws ApiKeysError.
 */
export function parseApiKeys(text: string): readonly ApiKey[] {
  if (text.trim() === "") throw new ApiKeysError("there are no keys in it");
  const entries = Object.entries(entriesOf(text)).map(([key, entry]) => ({
    digest: digestOf(key, `'${entry.name}'`),
    entry,
  }));
  refuseTwins(entries);
  return entries.filter(({ entry }) => entry.enabled).map(({ digest, entry }) => apiKey(digest, entry));
}

/**
 * Keys as they stand in a variable: a JSON object, or keys or their hashes separated by commas, which may do everything. Such a
 * key is a client by itself, named by its hash: under a name by its place, the next key in the list would take over what belongs
 * to one that is taken out.
 */
export function parseApiKeysVariable(text: string): readonly ApiKey[] {
  if (/^\s*[{[]/.test(text)) return parseApiKeys(text);
  const entries = text.split(",").map((key, index) => listed(key.trim(), `key ${index + 1}`));
  refuseTwins(entries);
  return entries.map(({ digest, entry }) => apiKey(digest, entry));
}

/**
 * The client whose key this is, expired or not. Every key is compared, so that neither the time nor the order tells how
 * near a guess was.
 */
export function findClient(keys: readonly ApiKey[], presented: string): Client | undefined {
  const digest = sha256(presented);
  let found: Client | undefined;
  for (const key of keys) {
    if (timingSafeEqual(key.digest, digest)) found = key.client;
  }
  return found;
}

/** Permissions that name nothing that is there, most often a typing error: they permit nothing. */
export function unknownPermissions(keys: readonly ApiKey[], tools: ReadonlySet<string>): readonly string[] {
  const named = keys.flatMap(({ client }) => [...client.permissions]);
  return [...new Set(named)].filter((permission) => permission !== "*" && !tools.has(permission));
}

function entriesOf(text: string): Readonly<Record<string, Entry>> {
  const json = toJson(text);
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new ApiKeysError('it is no JSON object of the form {"KEY": {"name": "...", "permissions": [...]}}');
  }
  // JSON.parse takes the last of two like names, and nobody sees the first.
  if (repeatedName(text) !== undefined) throw new ApiKeysError("a name stands twice in one object");
  const parsed = z.record(z.string().min(1), apiKeyEntrySchema).safeParse(json);
  if (!parsed.success) throw new ApiKeysError(describe(parsed.error));
  return parsed.data;
}

type Digested = { readonly digest: Buffer; readonly entry: Entry };

function listed(key: string, place: string): Digested {
  if (!listedKey.test(key) && !/^sha256:/i.test(key) && key !== "") {
    throw new ApiKeysError(`${place} holds other characters than letters, digits and . _ ~ + / = -`);
  }
  const digest = digestOf(key, place);
  const name = `client-${digest.toString("hex").slice(0, 8)}`;
  return { digest, entry: { name, permissions: ["*"], enabled: true } };
}

/** One key in two spellings would have two sets of rights. */
function refuseTwins(entries: readonly Digested[]): void {
  const names = new Map<string, string>();
  for (const { digest, entry } of entries) {
    const other = names.get(digest.toString("hex"));
    if (other !== undefined) throw new ApiKeysError(`'${other}' and '${entry.name}' have the same key`);
    names.set(digest.toString("hex"), entry.name);
  }
}

function apiKey(digest: Buffer, { name, permissions, expires, limit }: Entry): ApiKey {
  const keyDigest = digest.toString("hex");
  const client = {
    ...{ id: keyDigest.slice(0, 16), keyDigest, name, permissions: new Set(permissions) },
    ...(expires !== undefined && { expiresAt: Date.parse(expires) }),
    ...(limit !== undefined && { limit: keyLimit(limit) }),
  };
  return { digest, client };
}

function keyLimit({ requests, window }: NonNullable<Entry["limit"]>): KeyLimit {
  return window === undefined ? { requests } : { requests, windowMs: window * 1000 };
}

function digestOf(key: string, name: string): Buffer {
  const hex = hashed.exec(key)?.[1];
  if (hex !== undefined) return Buffer.from(hex, "hex");
  if (/^sha256:/i.test(key)) throw new ApiKeysError(`the hash of ${name} is not 64 hex digits behind sha256:`);
  const problem = keyProblem(key)?.replace(/^it /, "");
  if (problem !== undefined) throw new ApiKeysError(`the key of ${name} ${problem}; try openssl rand -hex 32`);
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
  return hash("sha256", text, "buffer");
}
