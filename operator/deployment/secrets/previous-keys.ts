import type { DeploymentSpec } from "../../api/spec.ts";
import { verifierName } from "../names.ts";
import { keyEntries } from "./key-file.ts";

/** A key that a client had before its present one, and until when it is valid. */
export type PreviousKey = {
  readonly client: string;
  readonly hash: string;
  readonly expires: string;
  /** Its Secret still names it: its end begins to count when that is over, because the write of the present one may be refused. */
  readonly isHeld?: true;
};

type Auth = DeploymentSpec["server"]["auth"];

type Parts = {
  readonly auth: Auth;
  /** Hashes of the keys that are the clients' now or next. */
  readonly present: ReadonlySet<string>;
  /** Hashes of the keys that the clients' Secrets name. */
  readonly held: ReadonlySet<string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
};

/** Of one client: the file of keys has a limited size. */
const mostPrevious = 3;

/**
 * The keys to keep valid for a while, found in the stored file of keys: nothing else knows what a client's key was. One that is
 * kept already keeps its end, so that equal files give equal keys.
 */
export function previousKeys(stored: string | undefined, { auth, present, held, now }: Parts): readonly PreviousKey[] {
  const entries = keyEntries(stored);
  const latest = now + auth.rotationGraceSeconds * 1000;
  return auth.clients.flatMap(({ name, expires }) =>
    entries
      // The operator's own key is called like this.
      .filter((entry) => entry.name === name && name !== verifierName && !present.has(entry.hash))
      .map(({ hash, expires: kept }) => {
        const isHeld = held.has(hash);
        return { client: name, hash, isHeld, end: Math.min(endOf(expires), ...(isHeld ? [] : [endOf(kept), latest])) };
      })
      .filter(({ end }) => end > now)
      .sort((one, other) => other.end - one.end || (one.hash < other.hash ? -1 : 1))
      .slice(0, mostPrevious)
      .map(({ client, hash, isHeld, end }) => {
        const ends = { client, hash, expires: new Date(Math.min(end, latest)).toISOString() };
        return isHeld ? { ...ends, isHeld } : ends;
      }),
  );
}

const endOf = (expires: string | undefined) => (expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires));
