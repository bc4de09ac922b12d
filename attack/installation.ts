import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTelegram, type TelegramServer } from "../test/telegram/telegram.ts";
import { type Program, type ProgramOptions, startProgram } from "./program.ts";
import { type Answer, post } from "./requests.ts";

/** Limits of the Development profile, the smallest, in MiB. */
const serverLimit = 384;
const bridgeLimit = 512;
/** Telegram id of the first person who receives messages. */
export const firstUser = 1001;
/** A client with a right key has to be served within this time, whatever strangers do; on a busy machine it tries again. */
const SERVED_WITHIN_MS = 2_000;
const TRIES = 3;
/** Clients with keys come from an address of their own. */
const CLIENTS_ADDRESS = "127.0.0.2";

type Environment = Readonly<Record<string, string>>;

export type InstallationOptions = {
  /** Variables of the server and of the bridge beside those of every installation. */
  readonly server?: Environment;
  readonly bridge?: Environment;
  /** Names of clients that may call every tool (default: "victim"). */
  readonly clients?: readonly string[];
  /** How many people receive every message (default 1). */
  readonly users?: number;
};

type Parts = {
  readonly telegram: TelegramServer;
  readonly bridge: Program;
  readonly server: Program;
  readonly keys: ReadonlyMap<string, string>;
  /** Where the bridge keeps its queue. */
  readonly folder: string;
  readonly disposal: AsyncDisposableStack;
};

/** Server, bridge and the stand-in for Telegram on loopback, in processes of their own under the limits of their pods. */
export class Installation implements AsyncDisposable {
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  static async start(options: InstallationOptions = {}): Promise<Installation> {
    return new Installation(await startParts(options));
  }

  get telegram(): TelegramServer {
    return this.#parts.telegram;
  }

  get bridge(): Program {
    return this.#parts.bridge;
  }

  get server(): Program {
    return this.#parts.server;
  }

  get http(): string {
    return this.server.addresses.http ?? "";
  }

  get intake(): string {
    return this.bridge.addresses.bridge ?? "";
  }

  /** Where all four ports listen. */
  get ports(): readonly string[] {
    return [this.http, this.server.addresses.metrics ?? "", this.intake, this.bridge.addresses.metrics ?? ""];
  }

  key(client: string): string {
    return this.#parts.keys.get(client) ?? "";
  }

  /** Calls a tool over REST on a new connection. */
  call(client: string, tool: string, args: object, timeoutMs = 30_000): Promise<Answer> {
    const headers = { "x-api-key": this.key(client), "content-type": "application/json" };
    return post(`${this.http}/tools/${tool}`, {
      headers,
      body: JSON.stringify(args),
      timeoutMs,
      from: CLIENTS_ADDRESS,
    });
  }

  /** How long a client with a right key waits until its message is on the bridge's disk; undefined when it gives up. */
  async served(client = "victim"): Promise<number | undefined> {
    const started = performance.now();
    for (let tries = 0; tries < TRIES; tries += 1) {
      const args = { message: `served ${performance.now()}` };
      const { status } = await this.call(client, "send_telegram_message", args, SERVED_WITHIN_MS);
      if (status === 200) return Math.round(performance.now() - started);
    }
    return undefined;
  }

  /** Bytes of the bridge's queue. */
  async bytesOnDisk(): Promise<number> {
    const { folder } = this.#parts;
    const files = await readdir(folder);
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposal.disposeAsync();
  }
}

async function startParts(options: InstallationOptions): Promise<Parts> {
  const { clients = ["victim"], users = 1 } = options;
  await using disposal = new AsyncDisposableStack();
  const folder = disposal.adopt(temporaryFolder(), ({ remove }) => remove()).path;
  const telegram = disposal.adopt(await startTelegram(), (started) => started.close());
  const keys = new Map(clients.map((name) => [name, randomBytes(32).toString("hex")]));
  const common = {
    METRICS_HOST: "127.0.0.1",
    METRICS_PORT: "0",
    HMAC_SECRET: randomBytes(32).toString("hex"),
  };
  const start = async (program: ProgramOptions) => disposal.adopt(await startProgram(program), ({ stop }) => stop());
  const bridge = await start({
    role: "bridge",
    memory: bridgeLimit,
    env: {
      ...common,
      BRIDGE_HOST: "127.0.0.1",
      BRIDGE_PORT: "0",
      TELEGRAM_BOT_TOKEN: "123456789:AAExampleExampleExampleExampleExample",
      TELEGRAM_ALLOWED_USERS: Array.from({ length: users }, (_, index) => firstUser + index).join(","),
      TELEGRAM_API_URL: telegram.url,
      CC_TELEGRAM_DATA_DIR: folder,
      ...options.bridge,
    },
  });
  const server = await start({
    role: "serve",
    memory: serverLimit,
    env: {
      ...common,
      MCP_SERVER_HOST: "127.0.0.1",
      MCP_SERVER_PORT: "0",
      MCP_API_KEYS: keysJson(keys),
      BRIDGE_URL: bridge.addresses.bridge ?? "",
      ...options.server,
    },
  });
  return { telegram, bridge, server, keys, folder, disposal: disposal.move() };
}

/** It is also removed when this program is ended. */
function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "cctelegram-attack-"));
  const removeNow = () => rmSync(path, { recursive: true, force: true });
  process.once("exit", removeNow);
  const remove = () => {
    process.off("exit", removeNow);
    removeNow();
  };
  return { path, remove };
}

function keysJson(keys: ReadonlyMap<string, string>): string {
  const entries = [...keys].map(([name, key]) => [key, { name, permissions: ["*"], enabled: true }]);
  return JSON.stringify(Object.fromEntries(entries));
}
