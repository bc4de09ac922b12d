/** What a connection Secret says of its client's key. */
export type StoredKey = {
  readonly key?: string | undefined;
  /** The key that will take its place. */
  readonly next?: string | undefined;
  /** When it does, RFC 3339. */
  readonly nextAt?: string | undefined;
  /** Somebody's wish for another key: any new text. */
  readonly asked?: string | undefined;
  /** The last wish that was granted. */
  readonly granted?: string | undefined;
};

/** A client's key, and the one that is valid already and takes its place later. */
export type ClientKey = {
  readonly key: string;
  readonly next?: { readonly key: string; readonly at?: string };
  readonly granted?: string;
};

type Parts = {
  /** The stored value of that kind, else a new one. */
  readonly kept: (kind: "key" | "next", stored: string | undefined) => string;
  /** Whether a key is in the stored file of keys. */
  readonly isTold: (key: string) => boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds after which every server has read a changed file. */
  readonly spreadMs: number;
};

/**
 * A wish for another key is granted in two steps: the servers are told the next key, and when all of them know it, it takes the
 * place of the present one. So it is valid wherever it is used from the first moment.
 */
export function clientKey(stored: StoredKey, { kept, isTold, now, spreadMs }: Parts): ClientKey {
  const { asked, granted, nextAt = "" } = stored;
  const key = kept("key", stored.key);
  const before = { key, ...(granted ? { granted } : {}) };
  if (!stored.key || !asked || asked === granted) return before;
  const next = kept("next", stored.next);
  // The file may have been refused: then the time does not begin.
  if (stored.next === undefined || !isTold(next)) return { ...before, next: { key: next } };
  if (Date.parse(nextAt) <= now) return { key: next, granted: asked };
  const at = Number.isNaN(Date.parse(nextAt)) ? new Date(now + spreadMs).toISOString() : nextAt;
  return { ...before, next: { key: next, at } };
}
