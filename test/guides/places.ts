import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Process, startProcess } from "../server/support/process.ts";
import { startTelegram } from "../telegram/telegram.ts";

/** What a guide's command may ask. */
export type Place = "server" | "metrics" | "bridge";

/** Server and bridge, each a process, as the guides start them. */
export type Places = {
  readonly ports: Readonly<Record<Place, string>>;
  /** A folder with the files that the guide has made before. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
} & AsyncDisposable;

const keys = { claude: "c1a0".repeat(16), monitoring: "0b5e".repeat(16), operations: "09e4".repeat(16) };

/** The two keys of the Enterprise Deployment Guide, and one of somebody who may also restart the bridge. */
const apiKeys = JSON.stringify({
  [keys.claude]: {
    name: "claude-production",
    permissions: ["send_telegram_event", "send_telegram_message", "get_bridge_status"],
    enabled: true,
  },
  [keys.monitoring]: {
    name: "monitoring-system",
    permissions: ["send_performance_alert", "start_bridge", "stop_bridge"],
    enabled: true,
  },
  [keys.operations]: { name: "operations", permissions: ["*"], enabled: true },
});

export async function startPlaces(): Promise<Places> {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "cctelegram-guides-"));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, "secrets"));
  await writeFile(join(folder, "secrets", "api_key_claude"), `${keys.claude}\n`);
  const telegram = await startTelegram();
  started.defer(() => telegram.close());
  const common = { HMAC_SECRET: "a-secret-of-at-least-32-characters!" };
  const bridge = await supervised(started, (port) => ({
    ...common,
    BRIDGE_HOST: "127.0.0.1",
    BRIDGE_PORT: port,
    METRICS_ENABLED: "false",
    TELEGRAM_BOT_TOKEN: "123456789:AAExampleExampleExampleExampleExample",
    TELEGRAM_ALLOWED_USERS: "1001",
    TELEGRAM_API_URL: telegram.url,
    CC_TELEGRAM_DATA_DIR: join(folder, "bridge"),
  }));
  const server = startProcess(["serve"], {
    ...common,
    BRIDGE_URL: `http://127.0.0.1:${bridge}`,
    MCP_SERVER_HOST: "127.0.0.1",
    MCP_SERVER_PORT: "0",
    METRICS_PORT: "0",
    MCP_API_KEYS: apiKeys,
  });
  started.defer(() => ended(server));
  const { http = "", metrics = "" } = await server.logged("ready to work");
  const all = started.move();
  return {
    ports: { server: new URL(http).port, metrics: new URL(metrics).port, bridge },
    folder,
    env: { API_KEY: keys.operations, MCP_HEALTH_CHECK_API_KEY: keys.monitoring },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** Starts a bridge, and again on its port whenever it has ended by itself, as every supervisor does; resolves with the port. */
async function supervised(
  started: AsyncDisposableStack,
  env: (port: string) => Record<string, string>,
): Promise<string> {
  let isWanted = true;
  let current = startProcess(["bridge"], env("0"));
  const { bridge = "" } = await current.logged("ready to work");
  const { port } = new URL(bridge);
  const supervise = async () => {
    while (isWanted) {
      await current.exited;
      if (isWanted) current = startProcess(["bridge"], env(port));
      // One that cannot start must not keep the machine busy.
      await sleep(100);
    }
  };
  const done = supervise();
  started.defer(async () => {
    isWanted = false;
    await ended(current);
    await done;
  });
  return port;
}

async function ended({ child, exited }: Process): Promise<void> {
  child.kill("SIGKILL");
  await exited;
}
