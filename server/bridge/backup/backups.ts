import { Readable } from "node:stream";
import { packTar, type TarSource } from "modern-tar/fs";
import { snapshotEntries } from "../../../contract/backup.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { RefusedError } from "../refused-error.ts";
import type { Frozen } from "../storage/frozen-file.ts";
import type { Store } from "../storage/store.ts";
import { contentOf, type LogFile, recentLogs } from "./log-files.ts";

/** Commits beside the file cost memory and time at the next start. */
const MOST_BEHIND = 256 * 1024 * 1024;
/** Somebody who reads nothing for so long does not come back. */
const SILENCE_MS = 15_000;
const WATCH_MS = 1_000;

export type BackupsOptions = {
  readonly store: Pick<Store, "freeze" | "error" | "broken">;
  readonly logsDir: string | undefined;
  /** Steady milliseconds since the epoch. */
  readonly now: () => number;
  readonly logger: Logger;
};

/**
 * Hands out everything that has to be kept as it is at one moment, while the bridge goes on: a tar of the queue's file and the log
 * files of seven days. One at a time, because a second one would need a later moment.
 */
export class Backups {
  readonly #options: BackupsOptions;
  #current: Readable | undefined;
  #taken = false;
  #stopped = false;

  constructor(options: BackupsOptions) {
    this.#options = options;
  }

  /** Throws `RefusedError` while another one is read, during shutdown, and when the queue cannot be read. */
  async snapshot(): Promise<Readable> {
    const { store, logsDir, now } = this.#options;
    if (this.#stopped) throw new RefusedError("shutting_down", "The bridge is shutting down.", 2);
    if (this.#taken) throw new RefusedError("backup_under_way", "Another backup is being read.", 2);
    if (store.broken) throw new RefusedError("queue_unusable", `The queue cannot be read: ${store.error}.`, 5);
    this.#taken = true;
    try {
      const logs = await recentLogs(logsDir, now());
      // Last, so that it has everything that was answered before this answer begins.
      return this.#stream(store.freeze(), logs);
    } catch (error) {
      this.#taken = false;
      throw error;
    }
  }

  /** Ends the one that is read, which its reader notices. */
  stop(): void {
    this.#stopped = true;
    this.#current?.destroy(new Error("the bridge is shutting down"));
  }

  #stream(frozen: Frozen, logs: readonly LogFile[]): Readable {
    const { logger, now, store } = this.#options;
    const isFailing = store.error !== undefined;
    const began = performance.now();
    let progress = began;
    const noticed = async function* (chunks: AsyncGenerator<Buffer>) {
      for await (const chunk of chunks) {
        progress = performance.now();
        yield chunk;
      }
    };
    const tar = packTar([
      source(snapshotEntries.queue, frozen.bytes, new Date(now()), noticed(frozen.chunks())),
      ...logs.map((log) => source(snapshotEntries.logs + log.name, log.bytes, log.changed, noticed(contentOf(log)))),
    ]);
    const watch = setInterval(() => {
      const hasFailed = !isFailing && store.error !== undefined;
      const problem = hasFailed ? "the queue cannot write" : problemOf(frozen, performance.now() - progress);
      if (problem !== undefined) tar.destroy(new Error(problem));
    }, WATCH_MS);
    let reason = "its reader has left";
    tar.once("error", (error) => {
      reason = error.message;
    });
    tar.once("close", () => {
      clearInterval(watch);
      frozen.thaw();
      this.#taken = false;
      this.#current = undefined;
      const duration_ms = Math.round(performance.now() - began);
      if (tar.readableEnded) logger.info({ bytes: frozen.bytes, duration_ms }, "a backup was read");
      else logger.warn({ reason, duration_ms }, "a backup was not read to its end");
    });
    this.#current = tar;
    return tar;
  }
}

function problemOf(frozen: Frozen, silenceMs: number): string | undefined {
  if (frozen.behind() > MOST_BEHIND) return "it is read too slowly: too much was written meanwhile";
  return silenceMs > SILENCE_MS ? "it is not read any more" : undefined;
}

function source(target: string, size: number, mtime: Date, chunks: AsyncGenerator<Buffer>): TarSource {
  const head = { target, mtime, mode: 0o600 };
  return size === 0
    ? { ...head, type: "content", content: "" }
    : { ...head, type: "stream", size, content: Readable.from(chunks) };
}
