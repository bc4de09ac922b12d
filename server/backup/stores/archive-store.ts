/** Where archives are kept. Keys are paths below its root. Methods throw only errors of the catalogue. */
export type ArchiveStore = {
  /** Stores all of it or nothing: half of an archive is never under its key. */
  put(key: string, content: AsyncIterable<Uint8Array>): Promise<void>;
  /** Throws BACKUP_NOT_FOUND. */
  get(key: string): Promise<AsyncIterable<Uint8Array>>;
  /** The keys directly below a folder. */
  list(folder: string): Promise<readonly Stored[]>;
  /** Also when it is not there. */
  remove(key: string): Promise<void>;
};

export type Stored = { readonly key: string; readonly changedAt: number };
