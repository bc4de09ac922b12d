import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { expect } from "vitest";
import { controlTelegram, deliveredBy } from "./environment.ts";
import { callTool, connectClient } from "./mcp.ts";

export type Traffic = {
  /** Texts whose calls succeeded. */
  readonly acknowledged: readonly string[];
  /** Errors that callers received. */
  readonly failures: readonly string[];
  /** Resolves when so many more calls have succeeded. */
  readonly progress: (calls: number) => Promise<void>;
  readonly stop: () => Promise<void>;
};

const clients = 3;

/** Traffic is faster than Telegram's limit for one chat: limits are raised on both sides, see `liftLimits`. */
export const fastBridge = { limits: { messagesPerSecond: 100, messagesPerChatPerSecond: 30 } };

/** Servers that take traffic from a client named test. */
export const busyServers = {
  replicas: 2,
  auth: { clients: [{ name: "test", permissions: ["*"] }] },
  rateLimit: { mode: "Disabled" },
};

/** The stand-in for Telegram takes everything from this bot; its other settings come along. */
export const liftLimits = (bot: number, settings: Parameters<typeof controlTelegram>[1] = {}): Promise<void> =>
  controlTelegram(bot, { ...settings, limits: false });

/**
 * Clients that send one numbered message after the other: some keep their connection, one reconnects each time. They use the given
 * `fetch` or Node's.
 */
export function startTraffic(url: string, key: string, label: string, ask = fetch): Traffic {
  const acknowledged: string[] = [];
  const failures: string[] = [];
  let running = true;
  let next = 0;

  async function one(kept: Client | undefined): Promise<void> {
    const text = `${label} #${next++}`;
    try {
      const client = kept ?? (await connectClient(url, key, ask));
      await callTool(client, "send_telegram_message", { message: text });
      if (!kept) await client.close();
      acknowledged.push(text);
    } catch (error) {
      failures.push((error as Error).message);
    }
    await pause(500);
  }

  async function loop(keepsConnection: boolean): Promise<void> {
    const kept = keepsConnection ? await connectClient(url, key, ask) : undefined;
    while (running) await one(kept);
    await kept?.close();
  }

  const loops = Array.from({ length: clients }, (_, index) => loop(index > 0));
  return {
    acknowledged,
    failures,
    progress: async (calls) => {
      const goal = acknowledged.length + calls;
      while (acknowledged.length < goal) await pause(50);
    },
    stop: async () => {
      running = false;
      await Promise.all(loops);
    },
  };
}

/** Every message whose call succeeded has to arrive at Telegram in the end, from this bot. */
export async function expectDelivered({ acknowledged }: Traffic, bot: number): Promise<void> {
  expect(acknowledged.length).toBeGreaterThan(0);
  const missing = async () => {
    const delivered = (await deliveredBy(bot)).join("\n");
    return acknowledged.filter((text) => !`${delivered}\n`.includes(`${text}\n`));
  };
  await expect.poll(missing, { timeout: 90_000, interval: 1_000 }).toEqual([]);
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
