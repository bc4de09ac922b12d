import { access, constants, open, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Response } from "../../../contract/responses.ts";
import { makeDirectory } from "../../process/directory.ts";
import { directoryProblem } from "../../process/start-error.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Store } from "../storage/store.ts";
import { writeNew } from "./new-file.ts";

export type ResponseFilesOptions = {
  readonly path: string;
  readonly store: Pick<Store, "db" | "write">;
  /** What people said after one of an id, the oldest first. */
  readonly after: (id: number) => readonly Response[];
  /** The newest id; 0 when there is none. */
  readonly newest: () => number;
  readonly logger: Logger;
};

const position = "response_files";
const retryMs = 5_000;

/**
 * Writes what people say into a folder, as co8/cctelegram does, for programs that read it there. A file appears whole, under a name that no
 * other one has. Which are written stands in the queue's file: after a crash the last ones are written again, with the same names and content.
 */
export class ResponseFiles {
  readonly #options: ResponseFilesOptions;
  #writing: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;
  #problem: string | undefined;

  constructor(options: ResponseFilesOptions) {
    this.#options = options;
  }

  /** Begins with what is said from now on, or goes on where an earlier process stopped. Throws StartError for a folder that cannot be written. */
  async start(): Promise<void> {
    const { path } = this.#options;
    try {
      await makeDirectory(path);
      await access(path, constants.W_OK | constants.X_OK);
    } catch (error) {
      throw directoryProblem(path, "CC_TELEGRAM_RESPONSES_DIR", error);
    }
    if (this.#position() === undefined) await this.#keep(this.#options.newest());
    this.wake();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#writing;
  }

  /** Somebody has said something. */
  wake(): void {
    if (this.#stopped) return;
    this.#again = this.#writing !== undefined;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
      if (this.#again) this.wake();
    });
  }

  async #write(): Promise<void> {
    const { path, logger } = this.#options;
    clearTimeout(this.#timer);
    try {
      while (!this.#stopped && (await this.#writeSome())) this.#problem = undefined;
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#problem) logger.error({ folder: path, reason: message }, "responses cannot be written yet");
      this.#problem = message;
      if (!this.#stopped) this.#timer = setTimeout(() => this.wake(), retryMs).unref();
    }
  }

  /** False when there is nothing to write. */
  async #writeSome(): Promise<boolean> {
    const said = this.#options.after(this.#position() ?? 0);
    const last = said.at(-1);
    if (last === undefined) return false;
    const { path } = this.#options;
    await makeDirectory(path);
    for (const response of said) await this.#writeOne(response);
    await synced(path);
    await this.#keep(last.id);
    return true;
  }

  async #writeOne(response: Response): Promise<void> {
    const name = nameOf(response);
    const beside = join(this.#options.path, `.${name}.tmp`);
    await writeNew(beside, `${JSON.stringify(contentOf(response), undefined, 2)}\n`);
    await rename(beside, join(this.#options.path, name));
  }

  #position(): number | undefined {
    const row = this.#options.store.db.prepare("SELECT value FROM settings WHERE name = ?").get(position);
    return row === undefined ? undefined : Number(row.value);
  }

  #keep(id: number): Promise<void> {
    const { store } = this.#options;
    return store.write(() => {
      store.db
        .prepare("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value")
        .run(position, id);
    });
  }
}

/** The names in a folder are on disk. */
async function synced(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** co8/cctelegram's name, whose time has seconds alone, and the id behind it: two in a second are two files. */
function nameOf({ id, kind, user_id, at }: Response): string {
  const time = at.slice(0, 19).replaceAll("-", "").replaceAll(":", "").replace("T", "_");
  return `telegram_${kind === "click" ? "callback" : "response"}_${user_id}_${time}_${id}.json`;
}

function contentOf({ at, kind, user_id, username, first_name, message_id, text, event_id, chat_id }: Response): object {
  const who = { timestamp: at, user_id, username, first_name, chat_id, event_id };
  if (kind === "click") {
    return { ...who, callback_data: text, original_message_id: message_id, response_type: "callback_query" };
  }
  const message_text = kind === "other" && text === "" ? "[non-text message]" : text;
  return { ...who, message_text, message_type: kind };
}
