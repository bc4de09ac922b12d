import * as z from "zod";
import { hashedKey } from "../../../contract/api-key.ts";
import { type ApiKeyFile, apiKeyEntrySchema } from "../../../contract/api-key-file.ts";
import type { CachedResource } from "../cache/cached-objects.ts";
import { verifierName } from "../names.ts";
import type { ForeignSecrets, SecretData } from "../references/foreign-secrets.ts";

/** A key of another installation, by its hash. `permissions` is undefined where that installation has named none. */
type FoundKey = {
  readonly hash: string;
  readonly name: string;
  readonly permissions: readonly string[] | undefined;
  readonly enabled: boolean;
  readonly expires?: string;
};

/** Of a Secret, by its keys: the API keys in each value that holds some. */
export type FoundKeys = ReadonlyMap<string, readonly FoundKey[]>;

export type ImportedKeys = {
  /** Entries for the file of keys. */
  readonly file: ApiKeyFile;
  /** Why there are none, with what to do. */
  readonly problem?: string;
};

/** Entries of co8/cctelegram's MCP_API_KEYS. Fields that only it knows are left out. */
const entries = z.record(
  z.string().min(8).max(512),
  z.object({
    name: apiKeyEntrySchema.shape.name,
    permissions: z.array(z.string().min(1).max(128)).max(100).optional(),
    enabled: z.boolean().default(true),
    expires: z.iso.datetime({ offset: true }).optional(),
  }),
);

/** Separated by commas, as in API_KEYS. */
const list = /^[^\s,{}[\]"]{16,512}(,[^\s,{}[\]"]{16,512}){0,99}$/;
const mostKeys = 100;
const longestValue = 128 * 1024;

/** What is kept of a Secret with API keys: hashes only. */
export function foundKeysIn(data: SecretData): FoundKeys {
  return new Map(
    Object.entries(data).flatMap(([key, value]) => {
      const found = value.length > longestValue ? [] : keysIn(Buffer.from(value, "base64").toString().trim());
      return found.length === 0 || found.length > mostKeys ? [] : [[key, found] as const];
    }),
  );
}

function keysIn(text: string): FoundKey[] {
  if (list.test(text)) {
    return text.split(",").map((key, index) => {
      return { hash: hashedKey(key), name: `imported-${index + 1}`, permissions: undefined, enabled: true };
    });
  }
  const parsed = entries.safeParse(jsonOf(text));
  return Object.entries(parsed.data ?? {}).flatMap(([key, { expires, ...entry }]) =>
    entry.name === verifierName
      ? []
      : [{ hash: hashedKey(key), ...entry, permissions: entry.permissions, ...(expires ? { expires } : {}) }],
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The keys that `adoption.apiKeys` names. Rejects when the API server cannot say. */
export async function importedKeys(
  { namespace, spec }: CachedResource,
  secrets: Pick<ForeignSecrets<FoundKeys>, "get">,
): Promise<ImportedKeys> {
  const ref = spec.adoption?.apiKeys;
  if (ref === undefined) return { file: {} };
  const key = ref.key ?? "MCP_API_KEYS";
  const found = (await secrets.get(namespace, ref.name))?.get(key);
  if (found === undefined) {
    return {
      file: {},
      problem: `Secret ${ref.name} holds no API keys under ${key}, which adoption.apiKeys names: create it, correct the name, or set adoption.apiKeys.key; its clients are refused until then`,
    };
  }
  return {
    file: Object.fromEntries(
      found.map(({ hash, permissions, ...entry }) => [
        hash,
        { ...entry, permissions: [...(permissions ?? ref.permissions ?? [])] },
      ]),
    ),
  };
}
