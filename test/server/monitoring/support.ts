import type { Overview } from "../../../contract/monitoring.ts";
import { overviewSchema } from "../../../contract/monitoring.ts";
import { startTelegram, type TelegramServer } from "../../telegram/telegram.ts";
import { bridgeFor, configFor, type Overrides, scratch, type TestBridge, until } from "../bridge/support.ts";
import { secret } from "../support/fake-bridge.ts";
import { startServer, type TestServer } from "../support/server.ts";

export const password = "correct horse battery";

export const basic = (user: string, word: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${word}`).toString("base64")}`,
});

export const admin = basic("admin", password);

export type Stage = {
  readonly telegram: TelegramServer;
  readonly bridge: TestBridge;
  readonly server: TestServer;
  /** Asks the dashboard's port. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  overview(): Promise<Overview>;
  act(action: object, key: string, headers?: Record<string, string>): Promise<Response>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Telegram's stand-in, a bridge and a server with the dashboard, all real and in this process. */
export async function startStage(env: Record<string, string> = {}, overrides: Overrides = {}): Promise<Stage> {
  const directory = await scratch();
  const telegram = await startTelegram({ limits: false });
  const rates = { messagesPerSecond: 1_000, messagesPerChatPerSecond: 1_000, ...overrides.telegram };
  const config = { ...overrides, hmac: { secret }, telegram: { allowedUsers: [1], ...rates } };
  const bridge = await bridgeFor(configFor(directory.path, telegram.url, config));
  await until("readiness", () => bridge.obstacles().length === 0);
  const server = await startServer(bridge.url, {
    MONITORING_SERVER_PORT: "0",
    MONITORING_PASSWORD: password,
    BRIDGE_TIMEOUT: "1000",
    ...env,
  });
  const ask: Stage["ask"] = (path, init = {}) =>
    fetch(server.dashboardUrl + path, { redirect: "manual", ...init, headers: { ...admin, ...init.headers } });
  return {
    ...{ telegram, bridge, server, ask },
    overview: async () => overviewSchema.parse(await (await ask("/api/monitoring/overview")).json()),
    act: (action, key, headers = {}) =>
      fetch(`${server.dashboardUrl}/api/monitoring/actions`, {
        method: "POST",
        body: JSON.stringify(action),
        headers: { "content-type": "application/json", "x-api-key": key, ...headers },
      }),
    async [Symbol.asyncDispose]() {
      await server.close();
      await bridge.close();
      await telegram.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}
