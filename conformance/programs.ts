import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startTelegram } from "../test/telegram/telegram.ts";

export type Programs = {
  /** Of the servers. */
  readonly urls: readonly string[];
  readonly key: string;
} & AsyncDisposable;

/** Starts servers with keys and limits on, their bridge, and the stand-in for Telegram; logs and data are in the folder. */
export async function startPrograms(folder: string, servers: number): Promise<Programs> {
  const key = randomBytes(32).toString("hex");
  const token = "123456789:AAE0123456789abcdefghijklmnopqrstuv";
  const secret = { HMAC_SECRET: randomBytes(32).toString("hex"), METRICS_ENABLED: "false" };
  await using started = new AsyncDisposableStack();
  const telegram = await startTelegram();
  started.defer(() => telegram.close());
  const bridge = started.use(
    await startProgram(["../server/main.ts", "bridge"], join(folder, "bridge.log"), {
      ...secret,
      BRIDGE_HOST: "127.0.0.1",
      BRIDGE_PORT: "0",
      TELEGRAM_BOT_TOKEN: token,
      TELEGRAM_ALLOWED_USERS: "1",
      TELEGRAM_API_URL: telegram.url,
      CC_TELEGRAM_DATA_DIR: join(folder, "bridge"),
    }),
  );
  const environment = {
    ...secret,
    BRIDGE_URL: bridge.addresses.bridge ?? "",
    MCP_SERVER_HOST: "127.0.0.1",
    MCP_SERVER_PORT: "0",
    MCP_API_KEYS: JSON.stringify({ [key]: { name: "conformance", permissions: ["*"], enabled: true } }),
    // The suite makes some hundred requests a second.
    MCP_RATE_LIMIT_REQUESTS: "100000",
    SHUTDOWN_DELAY: "0",
  };
  const urls: string[] = [];
  for (let number = 1; number <= servers; number++) {
    const log = join(folder, `server-${number}.log`);
    const server = started.use(await startProgram(["server.ts", "serve"], log, environment));
    urls.push(server.addresses.http ?? "");
  }
  const all = started.move();
  return { urls, key, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

type Program = { readonly addresses: Readonly<Record<string, string>> } & AsyncDisposable;

async function startProgram(
  [file = "", ...args]: readonly string[],
  logFile: string,
  env: Readonly<Record<string, string>>,
): Promise<Program> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env.PATH ?? "", ...env },
  });
  const exited = once(child, "exit");
  child.stdout.pipe(createWriteStream(logFile));
  const ready = Promise.withResolvers<Record<string, string>>();
  exited.then(([code]) => ready.reject(new Error(`${file} ended with ${code} before it was ready; see ${logFile}`)));
  createInterface(child.stdout).on("line", (line) => {
    const said = JSON.parse(line) as Record<string, string>;
    if (said.msg === "ready to work") ready.resolve(said);
  });
  return {
    addresses: await ready.promise,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}
