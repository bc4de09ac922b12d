import * as z from "zod";
import { hashedKey } from "../../contract/api-key.ts";
import { apiKeyEntrySchema } from "../../contract/api-key-file.ts";
import type { DeploymentSpec } from "../api/spec.ts";
import { verifierName } from "./names.ts";
import type { ClientKey } from "./rotation.ts";

/** A key that a client had before its present one, and until when it is valid. */
export type PreviousKey = { readonly client: string; readonly hash: string; readonly expires: string };

type Auth = DeploymentSpec["server"]["auth"];

type Parts = {
  readonly auth: Auth;
  /** Present keys by name of the client. */
  readonly keys: ReadonlyMap<string, ClientKey>;
  /** Milliseconds since the epoch. */
  readonly now: number;
};

/** Of one client: the file of keys has a limited size. */
const mostPrevious = 3;

/**
 * The keys to keep valid for a while, found in the stored file of keys: nothing else knows what a client's key was. One that is
 * kept already keeps its end, so that equal files give equal keys.
 */
export function previousKeys(stored: string | undefined, { auth, keys, now }: Parts): readonly PreviousKey[] {
  const entries = entriesOf(stored);
  const present = new Set(
    [...keys.values()].flatMap(({ key, next }) => [key, ...(next ? [next.key] : [])]).map(hashedKey),
  );
  const latest = now + auth.rotationGraceSeconds * 1000;
  return auth.clients.flatMap(({ name, expires }) =>
    entries
      // The operator's own key is called like this.
      .filter((entry) => entry.name === name && name !== verifierName && !present.has(entry.hash))
      .map((entry) => ({ client: name, hash: entry.hash, end: Math.min(endOf(entry.expires), endOf(expires), latest) }))
      .filter(({ end }) => end > now)
      .sort((one, other) => other.end - one.end || (one.hash < other.hash ? -1 : 1))
      .slice(0, mostPrevious)
      .map(({ client, hash, end }) => ({ client, hash, expires: new Date(end).toISOString() })),
  );
}

type Changing = { readonly keys: ReadonlyMap<string, ClientKey>; readonly previousKeys: readonly PreviousKey[] };

/** Milliseconds until the next key takes a place, or the first of before ends; undefined while none changes. */
export function untilKeysChange({ keys, previousKeys }: Changing, now: number): number | undefined {
  const nexts = [...keys.values()]
    .flatMap(({ next }) => next ?? [])
    .map(({ at }) => (at ? Date.parse(at) - now : soon));
  const rests = [...nexts, ...previousKeys.map(({ expires }) => Date.parse(expires) - now)];
  return rests.length === 0 ? undefined : Math.max(0, Math.min(...rests, longestRest));
}

/** Until it is written that the servers are told a next key. */
const soon = 1000;

/** A timer of Node holds less than 25 days. */
const longestRest = 24 * 60 * 60 * 1000;

const endOf = (expires: string | undefined) => (expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires));

const hash = z.string().regex(/^sha256:[0-9a-f]{64}$/);

type Entry = { readonly hash: string; readonly name: string; readonly expires?: string | undefined };

/** What is no entry, as somebody may have written it, is no key. */
function entriesOf(stored: string | undefined): readonly Entry[] {
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
