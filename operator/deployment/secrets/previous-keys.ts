import type { DeploymentSpec } from "../../api/spec.ts";
import { verifierName } from "../names.ts";
import { keyEntries } from "./key-file.ts";

/** A key that a client had before its present one, and until when it is valid. */
export type PreviousKey = { readonly client: string; readonly hash: string; readonly expires: string };

type Auth = DeploymentSpec["server"]["auth"];

type Parts = {
  readonly auth: Auth;
  /** Hashes of the keys that are the clients' now or next. */
  readonly present: ReadonlySet<string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
};

/** Of one client: the file of keys has a limited size. */
const mostPrevious = 3;

/**
 * The keys to keep valid for a while, found in the stored file of keys: nothing else knows what a client's key was. One that is
 * kept already keeps its end, so that equal files give equal keys.
 */
export function previousKeys(stored: string | undefined, { auth, present, now }: Parts): readonly PreviousKey[] {
  const entries = keyEntries(stored);
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

const endOf = (expires: string | undefined) => (expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires));
