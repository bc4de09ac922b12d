import { afterAll, beforeAll, expect, test } from "vitest";
import { webhookSecret } from "../../server/bridge/receiving/webhook.ts";
import {
  bridgeFor,
  configFor,
  type Scratch,
  scratch,
  type TestBridge,
  TOKEN,
  until,
} from "../../test/server/bridge/support.ts";
import { startTelegram, type TelegramServer } from "../../test/telegram/telegram.ts";
import { freePort } from "../cluster/free-ports.ts";
import { expectError } from "./calls.ts";
import { killProxy, startProxy } from "./proxy.ts";
import type { Stage } from "./stage.ts";

const path = "/telegram/updates";
const ours = /^ *# (location|use_backend|backend) .*(telegram\/updates|cctelegram_updates)/;

/** Uncomments the lines for Telegram's calls, and names the bridge's address. */
function withTelegram(text: string, bridge: string): string {
  let isOurs = false;
  const lines = text.split("\n").map((line) => {
    isOurs = /^ *#/.test(line) && (isOurs || ours.test(line));
    return isOurs ? line.replace("# ", "") : line;
  });
  return lines.join("\n").replace("127.0.0.1:9002", bridge);
}

/** Telegram's calls, through the lines of the file that are comments until somebody wants them, to a bridge of this process. */
export function telegramBehaviours(stage: Stage): void {
  let telegram: TelegramServer;
  let directory: Scratch;
  let bridge: TestBridge;

  beforeAll(async () => {
    const { machine, proxy, installation } = stage.setting();
    telegram = await startTelegram({ tokens: [TOKEN] });
    directory = await scratch();
    const port = await freePort();
    const updates = { mode: "Webhook", url: `https://mcp.example.com${path}`, port } as const;
    const host = machine.clients.inside;
    bridge = await bridgeFor(configFor(directory.path, telegram.url, { host, telegram: { updates } }));
    await until("the webhook", () => telegram.calls("setWebhook").length === 1);
    await startProxy(machine, proxy, installation.service, { edit: (text) => withTelegram(text, `${host}:${port}`) });
  });
  afterAll(async () => {
    await stage.leave();
    await killProxy(stage.setting().machine, stage.setting().proxy);
    await bridge.close();
    await telegram.close();
    await directory[Symbol.asyncDispose]();
  });

  const calling = (secret: string, id: number) => ({
    method: "POST" as const,
    headers: { "content-type": "application/json", "x-telegram-bot-api-secret-token": secret },
    body: JSON.stringify({
      update_id: id,
      message: {
        message_id: id,
        from: { id: 1, is_bot: false, first_name: "Anna" },
        chat: { id: 1, type: "private" },
        text: `said ${id}`,
      },
    }),
  });

  test("reach the bridge, as many as come from one address", async () => {
    const visitor = stage.visitor();
    for (let id = 1; id <= 40; id += 1) {
      expect((await visitor.ask(path, calling(webhookSecret(TOKEN), id))).status).toBe(200);
    }
    expect(bridge.countResponses({ since: 0, limit: 1 })).toBe(40);
  });

  test("are refused without the secret, and lead to nothing else of the bridge", async () => {
    const visitor = stage.visitor();
    expect((await visitor.ask(path, calling("wrong", 99))).status).toBe(401);
    for (const other of [`${path}/`, `${path}/x`, "/telegram", "/status", "/events"]) {
      const answer = await visitor.ask(other, calling(webhookSecret(TOKEN), 99));
      expect(answer.status, other).toBe(404);
      expectError(answer, "NOT_FOUND");
    }
    expect(bridge.countResponses({ since: 0, limit: 1 })).toBe(40);
  });
}
