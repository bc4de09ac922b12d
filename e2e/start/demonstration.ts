import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { progress } from "../../machine/progress.mjs";
import { waitFor } from "../cluster/wait.ts";
import { callTool, connectClient } from "../mcp.ts";

/** Prefix of every message of a demonstration. */
export const GREETING = "Hello from CCTelegram";

export type Demonstration = {
  readonly url: string;
  readonly key: string;
  readonly message: string;
  /** The message as the stand-in for Telegram received it; undefined with the real Telegram, which does not tell. */
  readonly received?: () => Promise<object>;
  /** Stops the demonstration between its steps. */
  readonly signal: AbortSignal;
};

/** Connects a real MCP client, calls a tool, and shows the answer and the message as Telegram received it. */
export async function demonstrate({ url, key, message, received, signal }: Demonstration): Promise<void> {
  const client = await connectClient(url, key);
  try {
    await progress.step("ask Telegram about the bot", () => botAccepted(client, signal));
    const answer = await callTool(client, "send_telegram_message", { message });
    signal.throwIfAborted();
    console.log(`\nAn MCP client called send_telegram_message:\n${JSON.stringify(answer, null, 2)}`);
    await progress.step("wait for the message at Telegram", () => delivered(client, signal));
    if (received) console.log(shownMessage(await received()));
    else console.log("\nThe message is in your Telegram.");
  } finally {
    await client.close();
  }
}

type Status = {
  readonly telegram?: { readonly reachable: boolean; readonly error?: string };
  readonly metrics: { readonly telegram_messages_sent: number };
  readonly refusals?: readonly { readonly chat_id: number; readonly reason: string; readonly hint?: string }[];
  readonly error?: string;
};

const statusOf = async (client: Client) => (await callTool(client, "get_bridge_status", {})) as Status;

/** A wrong token is reported at once, with the bridge's message. */
async function botAccepted(client: Client, signal: AbortSignal): Promise<void> {
  await waitFor(
    async () => {
      const { telegram, error } = await statusOf(client);
      if (telegram?.reachable) return true;
      const problem = telegram?.error ?? error ?? "not asked yet";
      if (problem === "not asked yet") return false;
      throw new Error(
        `No message can be sent: ${problem}\nCheck TELEGRAM_BOT_TOKEN and the connection to the Bot API.`,
      );
    },
    { what: "an answer of Telegram", timeoutMs: 30_000, everyMs: 100, signal },
  );
}

async function delivered(client: Client, signal: AbortSignal): Promise<void> {
  await waitFor(
    async () => {
      const { metrics, refusals = [] } = await statusOf(client);
      if (metrics.telegram_messages_sent > 0) return true;
      const [refusal] = refusals;
      if (refusal === undefined) return false;
      const { chat_id, reason, hint } = refusal;
      throw new Error(`Telegram refuses messages to ${chat_id}: ${reason}${hint === undefined ? "" : `\n${hint}`}`);
    },
    { what: "the message to arrive at Telegram", timeoutMs: 60_000, everyMs: 100, signal },
  );
}

/** A message as Telegram received it, without the times that only tests need: one line for each field. */
export function shownMessage(message: object): string {
  const fields = Object.entries(message).filter(([name]) => name !== "time" && name !== "steady");
  const lines = fields.map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `Telegram received:\n{\n${lines.join(",\n")}\n}`;
}
