import { realpath } from "node:fs/promises";
import { isAbsolute, sep } from "node:path";
import { attachmentLimits } from "../../contract/attachments.ts";
import type { ProjectFiles } from "./project-files.ts";

export type OwnFilesOptions = {
  readonly projects: Pick<ProjectFiles, "sent">;
  /** Folders of this program itself, whatever they lie in. */
  readonly folders: readonly string[];
  /** What this process knows and nobody else may: no file that holds one of it is sent. */
  readonly secrets: readonly string[];
};

/** Shorter ones are in files by chance. */
const SHORTEST_SECRET = 8;

/** Files that a session may send to people: those of its projects, without the state and the keys of this program. */
export class OwnFiles {
  readonly #options: OwnFilesOptions;

  constructor(options: OwnFilesOptions) {
    this.#options = options;
  }

  /** Rejects with an Error whose message says why it is not sent. */
  async read(path: string): Promise<Uint8Array> {
    if (!isAbsolute(path) || path.includes("\0")) throw new Error("it is no absolute path");
    if (await this.#isState(path)) throw new Error("it is a file of this program itself, and not sent");
    const { bytes: most } = attachmentLimits;
    const found = await this.#options.projects.sent(path, most);
    if (found.kind === "absent") throw new Error("there is no such file");
    if (found.kind === "refused") throw new Error(found.reason);
    const { bytes } = found;
    if (bytes.length === 0) throw new Error("it is empty");
    const secrets = this.#options.secrets.filter((secret) => secret.length >= SHORTEST_SECRET);
    if (secrets.some((secret) => bytes.includes(secret)))
      throw new Error("a key of this program is in it: it is not sent");
    return bytes;
  }

  async #isState(path: string): Promise<boolean> {
    const real = await realpath(path).catch(() => path);
    for (const each of this.#options.folders) {
      const folder = await realpath(each).catch(() => undefined);
      if (folder !== undefined && (real === folder || real.startsWith(folder + sep))) return true;
    }
    return false;
  }
}
