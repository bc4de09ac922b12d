import { RefusedError } from "../refused-error.ts";

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const CODES = { busy: 5, ioError: 10, corrupt: 11, full: 13, notADatabase: 26 } as const;

/** True for a damaged file, as against a full or failing disk. */
export function isCorruption(error: unknown): boolean {
  const code = primaryCode(error);
  return code === CODES.corrupt || code === CODES.notADatabase;
}

/** True when another process has the file. */
export function isLocked(error: unknown): boolean {
  return primaryCode(error) === CODES.busy;
}

/** True when the state of the disk or the file is to blame, not the statement. */
export function isStorageFailure(error: unknown): boolean {
  const code = primaryCode(error);
  return isCorruption(error) || code === CODES.full || code === CODES.ioError;
}

/** A failure of the storage, as the bridge refuses for it; anything else as it is. */
export function refusalOf(error: unknown): unknown {
  if (!isStorageFailure(error)) return error;
  const message = `The queue cannot be used: ${(error as Error).message}.`;
  return new RefusedError("queue_unusable", message, 5, { cause: error });
}

function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return undefined;
  return error.errcode & 0xff;
}
