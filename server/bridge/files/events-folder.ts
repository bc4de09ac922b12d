import { constants, type FSWatcher, watch } from "node:fs";
import { lstat, mkdir, open, readdir, rename, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Event } from "../../../contract/event.ts";
import { every } from "../../process/followed-file.ts";
import { codeOf } from "../../process/start-error.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { RefusedError } from "../refused-error.ts";
import { eventIn, longestFile } from "./event-file.ts";

export type EventsFolderOptions = {
  readonly path: string;
  /** Resolves when the event is on disk. Rejects with RefusedError when there is no room now. */
  readonly accept: (event: Event) => Promise<unknown>;
  readonly logger: Logger;
  /** Unix time in milliseconds, by the clock of the file system. */
  readonly now: () => number;
};

/** Between two looks: a watch may miss files, and tells nothing of a folder on another machine. */
const everyMs = 1_000;
/** For so long a file that is no JSON may be half of one. */
const tornMs = 5_000;
/** Files of one look; the rest comes with the next. */
const mostFiles = 500;

const rejected = "rejected";

/**
 * A folder into which programs of co8/cctelegram write events. A file is deleted when its event is on the disk of the queue; one that is no
 * event goes into `rejected/`, with the reason beside it. Nothing else in it is touched.
 */
export class EventsFolder {
  readonly #options: EventsFolderOptions;
  #watcher: FSWatcher | undefined;
  #endLooking: (() => void) | undefined;
  #looking: Promise<void> | undefined;
  #again = false;
  #problem: string | undefined;

  constructor(options: EventsFolderOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await mkdir(this.#options.path, { recursive: true, mode: 0o700 });
    this.#endLooking = every(everyMs, () => this.look());
    try {
      this.#watcher = watch(this.#options.path, () => void this.look()).unref();
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      // The looks find everything, a second later.
    }
    await this.look();
  }

  async stop(): Promise<void> {
    this.#endLooking?.();
    this.#watcher?.close();
    await this.#looking;
  }

  /** Takes what is there; one look at a time, and another one when it was asked for meanwhile. */
  look(): Promise<void> {
    this.#again = this.#looking !== undefined;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
      if (this.#again) void this.look();
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const { path, logger } = this.#options;
    try {
      for (const name of await this.#waiting()) if (!(await this.#take(name))) break;
      this.#problem = undefined;
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#problem)
        logger.error({ folder: path, reason: message }, "the folder of events cannot be read");
      this.#problem = message;
    }
  }

  /** Names of files that may be events, in the order in which they were written. */
  async #waiting(): Promise<readonly string[]> {
    const { path } = this.#options;
    const names = (await readdir(path)).filter((name) => name.endsWith(".json") && !name.startsWith("."));
    const found: { readonly name: string; readonly at: number }[] = [];
    for (const name of names) {
      const file = await lstat(join(path, name)).catch(() => undefined);
      if (file?.isFile() === true) found.push({ name, at: file.mtimeMs });
    }
    found.sort((a, b) => a.at - b.at || (a.name < b.name ? -1 : 1));
    return found.slice(0, mostFiles).map(({ name }) => name);
  }

  /** False when there is no room now: the others have to wait, too. */
  async #take(name: string): Promise<boolean> {
    const { path, accept, now, logger } = this.#options;
    const file = await readRegular(join(path, name));
    if (file === undefined) return true;
    if (file.size > longestFile) return this.#setAside(name, `it has ${file.size} bytes, more than ${longestFile}`);
    const found = eventIn({ name, text: file.text, writtenAt: file.writtenAt });
    if ("problem" in found) {
      const mayBeHalf = found.torn && now() - file.writtenAt < tornMs;
      return mayBeHalf || this.#setAside(name, found.problem);
    }
    try {
      await accept(found.event);
    } catch (error) {
      if (!(error instanceof RefusedError)) return this.#setAside(name, (error as Error).message);
      logger.warn({ file: name, reason: error.message }, "an event's file has to wait");
      return false;
    }
    await unlink(join(path, name)).catch((error: unknown) => {
      if (codeOf(error) !== "ENOENT") throw error;
    });
    return true;
  }

  async #setAside(name: string, reason: string): Promise<true> {
    const { path, logger } = this.#options;
    await mkdir(join(path, rejected), { recursive: true, mode: 0o700 });
    await writeFile(join(path, rejected, `${name}.reason.txt`), `${reason}\n`, { mode: 0o600 });
    await rename(join(path, name), join(path, rejected, name));
    logger.error({ file: name, reason }, "a file is no event: it is in rejected/, with the reason beside it");
    return true;
  }
}

type RegularFile = { readonly text: string; readonly size: number; readonly writtenAt: number };

/** A file that is no link, pipe or device; undefined when it is gone, or something else by now. */
async function readRegular(path: string): Promise<RegularFile | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (file === undefined) return undefined;
  try {
    const stats = await file.stat();
    if (!stats.isFile()) return undefined;
    const { size, mtimeMs: writtenAt } = stats;
    return { size, writtenAt, text: size > longestFile ? "" : await file.readFile("utf8") };
  } finally {
    await file.close();
  }
}
