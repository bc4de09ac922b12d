import { type FSWatcher, watch } from "node:fs";
import { access, constants, lstat, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Event } from "../../../contract/event.ts";
import { makeDirectory } from "../../process/directory.ts";
import { every } from "../../process/followed-file.ts";
import { codeOf, directoryProblem } from "../../process/start-error.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { RefusedError } from "../refused-error.ts";
import { eventIn, longestFile } from "./event-file.ts";
import { type FileState, isSame, isUnchanged, readRegular } from "./readable-file.ts";
import { setAside } from "./set-aside.ts";

export type EventsFolderOptions = {
  readonly path: string;
  /** Resolves when the event is on disk. Rejects with RefusedError when there is no room now. */
  readonly accept: (event: Event) => Promise<unknown>;
  readonly logger: Logger;
  /** Steady milliseconds. */
  readonly now: () => number;
};

/** Between two looks: a watch may miss files, and tells nothing of a folder on another machine. */
const everyMs = 1_000;
/** A file that is no JSON may be half of one, until it has not changed for so long. */
const tornMs = 5_000;

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
  #stopped = false;
  /** Files that may be half written, and since when they are as they are. */
  #unfinished: ReadonlyMap<string, Unfinished> = new Map();
  /** Events in the queue whose files cannot be deleted: they must not come again when the queue has forgotten them. */
  readonly #undeleted = new Set<string>();
  /** What stands in the log already: each look finds it again. */
  #told: ReadonlySet<string> = new Set();

  constructor(options: EventsFolderOptions) {
    this.#options = options;
  }

  /** Throws StartError for a folder in which this user cannot read and delete. */
  async start(): Promise<void> {
    const { path } = this.#options;
    try {
      await makeDirectory(path);
      await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (error) {
      throw directoryProblem(path, "EVENTS_DIR", error);
    }
    this.#endLooking = every(everyMs, () => this.look());
    try {
      this.#watcher = watch(path, () => void this.look()).unref();
      this.#watcher.on("error", () => this.#watcher?.close());
    } catch {
      // The looks find everything, a second later.
    }
    void this.look();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#endLooking?.();
    this.#watcher?.close();
    await this.#looking;
  }

  /** Takes what is there; one look at a time, and another one when it was asked for meanwhile. */
  look(): Promise<void> {
    this.#again = this.#looking !== undefined;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
      if (this.#again && !this.#stopped) void this.look();
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const look = { unfinished: new Map<string, Unfinished>(), problems: new Set<string>() };
    try {
      for (const name of await this.#waiting()) {
        if (this.#stopped || !(await this.#take(name, look))) break;
      }
    } catch (error) {
      this.#tell(look, { reason: (error as Error).message }, "the folder of events cannot be read");
    }
    this.#unfinished = look.unfinished;
    this.#told = look.problems;
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
    return found.sort((a, b) => a.at - b.at || (a.name < b.name ? -1 : 1)).map(({ name }) => name);
  }

  /** False when there is no room now: the others have to wait, too. What goes wrong with one file keeps no other one waiting. */
  async #take(name: string, look: Look): Promise<boolean> {
    try {
      await this.#takeOne(name, look);
      return true;
    } catch (error) {
      const reason = (error as Error).message;
      this.#tell(look, { file: name, reason }, "an event's file has to wait");
      return !(error instanceof RefusedError);
    }
  }

  async #takeOne(name: string, look: Look): Promise<void> {
    const { path, logger } = this.#options;
    const file = await readRegular(join(path, name), longestFile);
    if (file === undefined) return;
    const { text, isTooLong, state } = file;
    const found = isTooLong
      ? { problem: `it is longer than ${longestFile} bytes`, torn: false }
      : eventIn({ name, text, writtenAt: state.writtenAt });
    if ("event" in found) return this.#accept(name, state, found.event);
    if (found.torn && !this.#isLeft(name, state, look)) return;
    await setAside(path, name, { reason: found.problem, state });
    logger.error({ file: name, reason: found.problem }, "a file is no event: it is in rejected/, with the reason");
  }

  async #accept(name: string, state: FileState, event: Event): Promise<void> {
    const path = join(this.#options.path, name);
    if (!this.#undeleted.has(event.event_id)) await this.#options.accept(event);
    this.#undeleted.add(event.event_id);
    // Somebody may have written another event under the same name meanwhile: it is taken by the next look.
    if (await isUnchanged(path, state)) await unlink(path).catch(ignoreGone);
    this.#undeleted.delete(event.event_id);
  }

  /** Nobody goes on writing it. Its own time may be that of another machine, so it is watched by the clock of this one. */
  #isLeft(name: string, state: FileState, { unfinished }: Look): boolean {
    const now = this.#options.now();
    const known = this.#unfinished.get(name);
    const since = known !== undefined && isSame(known.state, state) ? known.since : now;
    unfinished.set(name, { state, since });
    return now - since >= tornMs;
  }

  #tell({ problems }: Look, details: { readonly file?: string; readonly reason: string }, words: string): void {
    const problem = `${details.file ?? ""}: ${details.reason}`;
    problems.add(problem);
    if (!this.#told.has(problem)) this.#options.logger.error({ folder: this.#options.path, ...details }, words);
  }
}

type Unfinished = { readonly state: FileState; readonly since: number };

type Look = { readonly unfinished: Map<string, Unfinished>; readonly problems: Set<string> };

function ignoreGone(error: unknown): void {
  if (codeOf(error) !== "ENOENT") throw error;
}
