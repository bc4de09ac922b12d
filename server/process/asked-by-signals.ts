import { getHeapSnapshot, getHeapStatistics } from "node:v8";
import type { LogLevel } from "../../contract/log-levels.ts";
import { logLevels } from "../../contract/log-levels.ts";
import type { Running } from "../roles/running.ts";
import { type Logger, showFrom, shownLevel } from "../telemetry/logger.ts";
import { freeBytes, SnapshotRefused, writeHeapSnapshot } from "./heap-snapshot.ts";

export type ReloadOptions = {
  readonly levelFile?: string;
  readonly running: Pick<Running, "reload">;
  readonly logger: Pick<Logger, "level" | "info" | "error">;
  /** Reads a text file; throws when it cannot. */
  readonly readFile: (path: string) => string;
};

/** What SIGHUP asks for: log level, keys and certificate are read again. What cannot be read leaves what was before. */
export async function reload({ levelFile, running, logger, readFile }: ReloadOptions): Promise<void> {
  logger.info({ signal: "SIGHUP" }, "reading log level, keys and certificate again");
  if (levelFile !== undefined) takeLevel(levelFile, readFile, logger);
  try {
    await running.reload?.();
  } catch (error) {
    logger.error({ err: error }, "what SIGHUP asked for failed");
  }
}

function takeLevel(path: string, readFile: ReloadOptions["readFile"], logger: ReloadOptions["logger"]): void {
  const level = levelIn(path, readFile);
  if (level === undefined) {
    logger.error({ path }, `LOG_LEVEL_FILE names no file with one of ${logLevels.join(", ")}; the level stays`);
  } else if (level !== shownLevel(logger)) {
    const before = shownLevel(logger);
    showFrom(logger, level);
    logger.info({ before, level }, "log level changed");
  }
}

function levelIn(path: string, readFile: ReloadOptions["readFile"]): LogLevel | undefined {
  try {
    const text = readFile(path).trim();
    return logLevels.find((level) => level === text);
  } catch {
    return undefined;
  }
}

export type SnapshotOptions = {
  /** Absent: none is written. */
  readonly heapSnapshotDir?: string;
  readonly service: { readonly instance: string };
  readonly logger: Pick<Logger, "info" | "warn" | "error">;
  readonly clock: () => number;
  readonly signal: AbortSignal;
};

/** What SIGUSR2 asks for. The program stands still while V8 looks at its heap. */
export async function snapshotHeap(options: SnapshotOptions): Promise<void> {
  const { heapSnapshotDir: directory, service, logger, clock, signal } = options;
  if (signal.aborted) return logger.warn("no heap snapshot is written: the process is shutting down");
  if (directory === undefined) {
    return logger.warn("no heap snapshot is written: set HEAP_SNAPSHOT_DIR to a folder for it, and start again");
  }
  logger.warn({ directory }, "writing a heap snapshot; nothing else is done meanwhile");
  const begun = performance.now();
  try {
    const heap = { heapBytes: () => getHeapStatistics().used_heap_size, snapshot: () => getHeapSnapshot() };
    const free = { freeBytes, freeMemory: () => process.availableMemory() };
    const path = await writeHeapSnapshot({ ...service, directory, pid: process.pid, clock, signal, ...heap, ...free });
    const ms = Math.round(performance.now() - begun);
    logger.warn({ path, ms }, "heap snapshot written; it holds messages and keys");
  } catch (error) {
    if (error instanceof SnapshotRefused) logger.error({ reason: error.message }, "no heap snapshot is written");
    else if (signal.aborted) logger.warn("no heap snapshot is written: the process is shutting down");
    else logger.error({ err: error }, "no heap snapshot is written");
  }
}
