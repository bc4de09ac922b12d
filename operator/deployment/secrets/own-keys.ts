import type { DeploymentSpec } from "../../api/spec.ts";
import { type KeyEntry, keyEntries } from "./key-file.ts";
import type { Referred } from "./referred-values.ts";

type Client = DeploymentSpec["server"]["auth"]["clients"][number];
type Ref = { readonly name: string; readonly key: string };

/** The key of a client in a Secret of a user. */
export type OwnKey = { readonly ref: Ref } & (
  | { readonly state: "Usable"; readonly hash: string }
  /** It could not be read just now: the key of before stays the client's. */
  | { readonly state: "Unread"; readonly hash: string | undefined }
  | { readonly state: "SecretMissing" | "KeyMissing" | "Taken"; readonly hash?: undefined }
  | { readonly state: "Unusable"; readonly problem: string; readonly hash?: undefined }
);

/** The Secret and the key in it that a client names; undefined: the operator makes its key. */
export const keyRefOf = ({ keySecretRef }: Client): Ref | undefined =>
  keySecretRef && { name: keySecretRef.name, key: keySecretRef.key ?? "key" };

type Parts = {
  readonly referred: Referred;
  /** Hashes of keys that are somebody's already. */
  readonly taken: ReadonlySet<string>;
  /** The stored file of keys. */
  readonly stored: string | undefined;
};

/** The keys that clients bring along. Of two clients with one key it is that of the first: nobody could tell them apart. */
export function ownKeys(clients: readonly Client[], { referred, taken, stored }: Parts): ReadonlyMap<string, OwnKey> {
  const known = new Set(taken);
  const entries = keyEntries(stored);
  const keys = clients.flatMap((client): [string, OwnKey][] => {
    const ref = keyRefOf(client);
    if (ref === undefined) return [];
    const found = ownKey(ref, client, referred, entries);
    if (found.hash === undefined) return [[client.name, found]];
    if (known.has(found.hash)) return [[client.name, { ref, state: "Taken" }]];
    known.add(found.hash);
    return [[client.name, found]];
  });
  return new Map(keys);
}

function ownKey(ref: Ref, client: Client, referred: Referred, entries: readonly KeyEntry[]): OwnKey {
  const values = referred.get(ref.name);
  if (values === undefined) return { ref, state: "Unread", hash: presentHash(client, entries) };
  if (values === "Missing") return { ref, state: "SecretMissing" };
  const value = values.get(ref.key);
  if (value === undefined) return { ref, state: "KeyMissing" };
  const { hash, problem = "it is no key" } = value;
  return hash === undefined ? { ref, state: "Unusable", problem } : { ref, state: "Usable", hash };
}

/** That of the entry that ends with the client: those of before end earlier. */
function presentHash({ name, expires }: Client, entries: readonly KeyEntry[]): string | undefined {
  const end = expires === undefined ? undefined : Date.parse(expires);
  const isPresent = (entry: KeyEntry) =>
    entry.name === name && (entry.expires === undefined ? undefined : Date.parse(entry.expires)) === end;
  return entries.find(isPresent)?.hash;
}
