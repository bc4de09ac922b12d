import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTelegram, type TelegramServer } from "../test/telegram/telegram.ts";
import { type Program, startProgram } from "./program.ts";
import { type Answer, post } from "./requests.ts";

/** Limits of the Development profile, the smallest, in MiB. */
const serverLimit = 384;
const bridgeLimit = 512;
/** A client with a right key has to be served within this time, whatever strangers do. */
const SERVED_WITHIN_MS = 2_000;
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

/** Server, bridge and the stand-in for Telegram on loopback, in processes of their own under the limits of their pods. */
export class Installation implements AsyncDisposable {
  readonly telegram: TelegramServer;
  readonly bridge: Program;
  readonly server: Program;
  readonly #keys: ReadonlyMap<string, string>;
  readonly #folder: string;

  private constructor(parts: Parts) {
    this.telegram = parts.telegram;
    this.bridge = parts.bridge;
    this.server = parts.server;
    this.#keys = parts.keys;
    this.#folder = parts.folder;
  }

  static async start(options: InstallationOptions = {}): Promise<Installation> {
    return new Installation(await startParts(options));
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
    return this.#keys.get(client) ?? "";
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

  /** How long a client with a right key waits until its message is on the bridge's disk; undefined when it fails. */
  async served(client = "victim"): Promise<number | undefined> {
    const started = performance.now();
    const args = { message: `served ${started}` };
    const { status } = await this.call(client, "send_telegram_message", args, SERVED_WITHIN_MS);
    return status === 200 ? Math.round(performance.now() - started) : undefined;
  }

  /** Bytes of the bridge's queue. */
  async bytesOnDisk(): Promise<number> {
    const files = await readdir(this.#folder);
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(this.#folder, file))).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.server.stop(), this.bridge.stop(), this.telegram.close()]);
    await rm(this.#folder, { recursive: true });
  }
}

type Parts = {
  readonly telegram: TelegramServer;
  readonly bridge: Program;
  readonly server: Program;
  readonly keys: ReadonlyMap<string, string>;
  readonly folder: string;
};

async function startParts({ clients = ["victim"], users = 1, ...env }: InstallationOptions): Promise<Parts> {
  const folder = await mkdtemp(join(tmpdir(), "cctelegram-attack-"));
  const telegram = await startTelegram();
  const secret = randomBytes(32).toString("hex");
  const keys = new Map(clients.map((name) => [name, randomBytes(32).toString("hex")]));
  const metrics = { METRICS_HOST: "127.0.0.1", METRICS_PORT: "0", HMAC_SECRET: secret };
  const bridge = await startProgram({
    role: "bridge",
    memory: bridgeLimit,
    env: {
      ...metrics,
      BRIDGE_HOST: "127.0.0.1",
      BRIDGE_PORT: "0",
      TELEGRAM_BOT_TOKEN: "123456789:AAExampleExampleExampleExampleExample",
      TELEGRAM_ALLOWED_USERS: Array.from({ length: users }, (_, index) => 1001 + index).join(","),
      TELEGRAM_API_URL: telegram.url,
      CC_TELEGRAM_DATA_DIR: folder,
      ...env.bridge,
    },
  });
  const server = await startProgram({
    role: "serve",
    memory: serverLimit,
    env: {
      ...metrics,
      MCP_SERVER_HOST: "127.0.0.1",
      MCP_SERVER_PORT: "0",
      MCP_API_KEYS: keysJson(keys),
      BRIDGE_URL: bridge.addresses.bridge ?? "",
      ...env.server,
    },
  }).catch(async (error: unknown) => {
    await Promise.all([bridge.stop(), telegram.close()]);
    throw error;
  });
  return { telegram, bridge, server, keys, folder };
}

function keysJson(keys: ReadonlyMap<string, string>): string {
  const entries = [...keys].map(([name, key]) => [key, { name, permissions: ["*"], enabled: true }]);
  return JSON.stringify(Object.fromEntries(entries));
}
