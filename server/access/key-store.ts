import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { readSmallFile } from "../../config/small-file.ts";
import { every, fingerprint } from "../process/followed-file.ts";
import { codeOf, StartError } from "../process/start-error.ts";
import type { Logger } from "../telemetry/logger.ts";
import { type ApiKey, ApiKeysError, findClient, parseApiKeys } from "./api-keys.ts";
import type { Client } from "./client.ts";

/** The keys that are valid now. */
export type KeyStore = {
  /** The client of a key, which may have expired. */
  find(presented: string): Client | undefined;
  /** Whether a client that was found before would be found now, too. */
  isCurrent(client: Client): boolean;
  /** Why the keys are not what they should be; undefined when all is well. Holds neither keys nor names. */
  problem(): string | undefined;
  /** Reads the keys again now, where they may have changed. */
  reload(): Promise<void>;
  close(): void;
};

/** A store of keys that do not change. */
export function fixedKeys(keys: readonly ApiKey[]): KeyStore {
  return {
    find: (presented) => findClient(keys, presented),
    isCurrent: (client) => isAmong(client, keys),
    problem: () => undefined,
    reload: async () => {},
    close: () => {},
  };
}

/** Clients are made anew whenever keys are read. */
function isAmong(client: Client, keys: readonly ApiKey[]): boolean {
  return keys.some((key) => key.client === client);
}

export type KeyFileOptions = {
  readonly path: string;
  readonly logger: Logger;
  /** Is told of the keys whenever they were read. */
  readonly onLoad?: (keys: readonly ApiKey[]) => void;
  /** Is told at each look whether the file was unusable. */
  readonly onLook?: (failed: boolean) => void;
  /** Milliseconds between two looks at the file. */
  readonly pollMs?: number;
  /** Milliseconds after which a problem that lasts is logged again. */
  readonly repeatMs?: number;
  /** Milliseconds for which a file with keys has to be absent or empty before that counts. */
  readonly emptyMs?: number;
};

/**
 * A store of the keys in a file. The file is looked at every two seconds, not watched: Kubernetes replaces a Secret's
 * files by swapping a symlink, which a watch of the file itself does not see.
 *
 * An absent or empty file means that no key is valid; it may come later. Programs that do not replace a file but write it anew
 * empty it first, so that of a file with keys this counts when it stays so. Content that is no list of keys leaves the
 * previous keys valid, so that a typing error locks nobody out, but the store reports a problem until it is fixed. At the
 * start, when nothing was valid before, it is a StartError.
 */
export async function openKeyFile(options: KeyFileOptions): Promise<KeyStore> {
  const file = new KeyFile(options);
  await file.look();
  if (file.state.kind === "unusable") throw startError(options.path, file.state.reason);
  const stop = every(options.pollMs ?? 2000, () => file.look());
  return {
    find: (presented) => findClient(file.keys, presented),
    isCurrent: (client) => isAmong(client, file.keys),
    problem: () => problems[file.state.kind],
    reload: () => file.look(true),
    close: stop,
  };
}

type State = { readonly kind: "absent" } | { readonly kind: "usable" } | { readonly kind: "unusable"; reason: string };

const problems: Readonly<Record<State["kind"], string | undefined>> = {
  usable: undefined,
  absent: "no API keys are loaded; look at MCP_API_KEYS_FILE",
  unusable: "the file of API keys cannot be used; look at MCP_API_KEYS_FILE and the log",
};

class KeyFile {
  readonly #options: KeyFileOptions;
  #seen = "";
  #hash = "";
  #loggedAt = Number.NEGATIVE_INFINITY;
  keys: readonly ApiKey[] = [];
  state: State = { kind: "absent" };

  constructor(options: KeyFileOptions) {
    this.#options = options;
  }

  /** Somebody who asks for a look trusts no fingerprint, and waits for what is wrong. */
  async look(isAsked = false): Promise<void> {
    const { path, onLook } = this.#options;
    const seen = await fingerprint(path);
    const isDue = isAsked || seen !== this.#seen;
    if (isDue) this.#loggedAt = Number.NEGATIVE_INFINITY;
    if (isDue && this.state.kind === "usable" && isEmpty(path)) await sleep(this.#options.emptyMs ?? 1000);
    // What could not be read may be readable now, although the file is the same.
    if (isDue || this.state.kind === "unusable") this.#load();
    this.#seen = seen;
    onLook?.(this.state.kind !== "usable");
    this.#complain();
  }

  #load(): void {
    const { path, logger, onLoad } = this.#options;
    try {
      const text = textOf(path);
      const kind = text.trim() === "" ? "absent" : "usable";
      const hash = createHash("sha256").update(text).digest("hex");
      // Clients that are made anew lose their open connections: not for a file that says the same.
      if (hash !== this.#hash) this.keys = kind === "absent" ? [] : parseApiKeys(text);
      this.#hash = hash;
      this.state = { kind };
    } catch (error) {
      this.state = { kind: "unusable", reason: reasonOf(error) };
      return;
    }
    if (this.state.kind === "absent") return;
    logger.info({ path, clients: this.keys.map(({ client }) => client.name) }, "API keys loaded");
    onLoad?.(this.keys);
  }

  /** Once when the file changed, and again while the problem lasts: one line is soon out of sight. */
  #complain(): void {
    const { path, logger, repeatMs = 60_000 } = this.#options;
    const now = performance.now();
    if (this.state.kind === "usable" || now - this.#loggedAt < repeatMs) return;
    this.#loggedAt = now;
    if (this.state.kind === "absent") logger.error({ path }, "there is no file of API keys: no key is valid");
    else logger.error({ path, reason: this.state.reason }, "API keys cannot be loaded; those of before stay valid");
  }
}

function startError(path: string, reason: string): StartError {
  const form = '{"KEY": {"name": "claude", "permissions": ["send_telegram_message"]}}';
  return new StartError(
    `The file of API keys ${path} cannot be used: ${reason}.`,
    `MCP_API_KEYS_FILE has to name a readable file with a JSON object such as ${form}.`,
  );
}

/** Absent counts as empty; what cannot be read does not. */
function isEmpty(path: string): boolean {
  try {
    return textOf(path).trim() === "";
  } catch {
    return false;
  }
}

function textOf(path: string): string {
  try {
    return readSmallFile(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "";
    throw error;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof ApiKeysError) return error.message;
  const code = codeOf(error) ?? "unknown error";
  if (code === "EISDIR") return "it is a directory";
  return code === "EFBIG" ? "it is larger than 1 MiB" : `it cannot be read (${code})`;
}
