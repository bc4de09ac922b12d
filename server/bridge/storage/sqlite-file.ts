import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { codeOf, directoryProblem, StartError } from "../../process/start-error.ts";
import { isCorruption, isLocked } from "./sqlite-error.ts";
import { type Salvage, salvage } from "./sqlite-salvage.ts";
import { migrate } from "./sqlite-schema.ts";

/** SQLite's companions of a database file in WAL mode; without them the file alone may miss the last commits. */
const COMPANIONS = ["", "-wal", "-shm"] as const;

export type OpenedFile = {
  readonly db: DatabaseSync;
  readonly damage?: Damage;
  /** Files that anybody on the machine could read until now. */
  readonly exposed: readonly string[];
};

/** A damaged file that was moved aside. It is never deleted: a person may want to look into it. */
export type Damage = { readonly reason: string; readonly movedTo: string; readonly salvage: Salvage };

/**
 * Opens the queue's file. A damaged one is moved aside and a new one takes over what can still be read of it:
 * delivery goes on, and neither the evidence nor a readable message is lost.
 * Throws a StartError when the file is in use, cannot be written, or is from a newer version.
 */
export function openFile(path: string, now: number): OpenedFile {
  const exposed = prepareFiles(path);
  try {
    return { db: openSound(path), exposed };
  } catch (error) {
    if (isLocked(error)) {
      const advice = "Stop the other one, or give this one a CC_TELEGRAM_DATA_DIR of its own.";
      throw new StartError(`${path} is in use by another bridge: two would deliver twice.`, advice, error);
    }
    if (!isCorruption(error)) throw cannotOpen(path, error);
    const movedTo = moveAside(path, now);
    prepareFiles(path);
    const db = openSound(path);
    return { db, damage: { reason: messageOf(error), movedTo, salvage: salvageCopy(movedTo, db) }, exposed };
  }
}

/**
 * Makes the directory and the file where they are missing, and closes files to others: they hold messages. SQLite gives
 * its companions the mode of the file. Returns those that everybody could read. What does not belong to this user, as on a
 * volume that Kubernetes prepared, stays as it is.
 */
function prepareFiles(path: string): readonly string[] {
  const directory = dirname(path);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw directoryProblem(directory, "CC_TELEGRAM_DATA_DIR", error);
  }
  try {
    // Tells what is wrong in the system's words; SQLite would say "disk I/O error" later.
    closeSync(openSync(path, "a", 0o600));
  } catch (error) {
    if (["EROFS", "ENOSPC", "EDQUOT"].includes(codeOf(error) ?? "")) {
      throw directoryProblem(directory, "CC_TELEGRAM_DATA_DIR", error);
    }
    throw cannotOpen(path, error);
  }
  const files = COMPANIONS.map((suffix) => path + suffix).filter((file) => existsSync(file));
  return files.filter((file) => {
    const { mode, uid } = statSync(file);
    if ((mode & 0o077) !== 0 && uid === process.getuid?.()) chmodSync(file, 0o600);
    return (mode & 0o007) !== 0;
  });
}

function cannotOpen(path: string, error: unknown): StartError {
  const advice = "Make the file and its disk writable for this user, or set CC_TELEGRAM_DATA_DIR to another directory.";
  return new StartError(`Cannot open the queue ${path}: ${messageOf(error)}.`, advice, error);
}

/**
 * Opens a file that has to be sound, and brings it to the newest schema. Throws what SQLite throws, also for a damaged one, which
 * stays where it is.
 */
export function openSound(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: 1_000, enableForeignKeyConstraints: false });
  try {
    // EXCLUSIVE: a second bridge on the same volume fails at once instead of sending everything twice.
    // FULL: in WAL mode a weaker setting loses the last commits on power loss.
    // MEMORY: with a read-only root there is no folder for SQLite's temporary files, and it fails as a full disk does.
    db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA temp_store = MEMORY");
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 4194304");
    const verdict = Object.values(db.prepare("PRAGMA quick_check(1)").get() ?? {})[0];
    if (verdict !== "ok") throw Object.assign(new Error(String(verdict)), { errcode: 11 });
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function moveAside(path: string, now: number): string {
  const movedTo = `${path}.damaged-${new Date(now).toISOString().replaceAll(/[:.]/g, "-")}`;
  for (const suffix of COMPANIONS) if (existsSync(path + suffix)) renameSync(path + suffix, movedTo + suffix);
  return movedTo;
}

/** Works on a copy: reading a database in WAL mode changes its files. */
function salvageCopy(damaged: string, into: DatabaseSync): Salvage {
  const copy = `${damaged}.copy`;
  try {
    for (const suffix of COMPANIONS) if (existsSync(damaged + suffix)) copyFileSync(damaged + suffix, copy + suffix);
    return salvage(copy, into);
  } catch (error) {
    return { events: 0, messages: 0, error: messageOf(error) };
  } finally {
    for (const suffix of COMPANIONS) rmSync(copy + suffix, { force: true });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
