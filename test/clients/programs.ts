import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { features } from "../../server/features/features.ts";
import { startProcess } from "../server/support/process.ts";
import { startTelegram } from "../telegram/telegram.ts";

/** The server and the bridge as they run in pods, each a process, with the stand-in for Telegram behind them. */
export type Programs = {
  readonly url: string;
  /** The key of the one client; its name is `clientName`. */
  readonly key: string;
  /** A folder for what clients write. */
  readonly folder: string;
  /** What Telegram has taken. */
  texts(): readonly string[];
  /** Resolves when Telegram has taken a message with this text, from this client. */
  received(text: string): Promise<void>;
} & AsyncDisposable;

const clientName = "somebody";

/** Keys and limits are on, as they are by default; the server has further variables if need be. */
export async function startPrograms(further: Record<string, string> = {}): Promise<Programs> {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "cctelegram-clients-"));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  const telegram = await startTelegram();
  started.defer(() => telegram.close());
  const start = async (role: string, env: Record<string, string>) => {
    const program = startProcess([role], { HMAC_SECRET: secret, METRICS_ENABLED: "false", ...env });
    started.defer(async () => {
      program.child.kill("SIGKILL");
      await program.exited;
    });
    return program.logged("ready to work");
  };
  const secret = randomBytes(32).toString("hex");
  const key = randomBytes(32).toString("hex");
  const bridge = await start("bridge", {
    BRIDGE_HOST: "127.0.0.1",
    BRIDGE_PORT: "0",
    TELEGRAM_BOT_TOKEN: "123456789:AAExampleExampleExampleExampleExample",
    TELEGRAM_ALLOWED_USERS: "1001",
    TELEGRAM_API_URL: telegram.url,
    CC_TELEGRAM_DATA_DIR: join(folder, "bridge"),
  });
  const server = await start("serve", {
    BRIDGE_URL: bridge.bridge ?? "",
    MCP_SERVER_HOST: "127.0.0.1",
    MCP_SERVER_PORT: "0",
    MCP_API_KEYS: JSON.stringify({ [key]: { name: clientName, permissions: ["*"], enabled: true } }),
    // All clients come from here, and what they show of a wrong key is looked at again and again.
    MCP_ENABLE_BANS: "false",
    ...further,
  });
  const texts = () => telegram.delivered().map(({ text = "" }) => text);
  const all = started.move();
  return {
    url: `${server.http}/mcp`,
    key,
    folder,
    texts,
    received: (text) =>
      vi.waitFor(() => {
        expect(texts()).toContainEqual(expect.stringMatching(new RegExp(`${text}[^]*${clientName}`)));
      }),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** What every client has to find. */
export const offered = {
  tools: [...features.tools.keys()],
  resources: features.resources.map(({ uri }) => uri),
  templates: features.resourceTemplates.map(({ uriTemplate }) => uriTemplate),
  prompts: features.prompts.map(({ name }) => name),
};

/** What every client asks for. */
export const wanted = {
  tool: "send_telegram_message",
  resource: "cctelegram://bridge-status",
  prompt: "notify_when_done",
  promptArguments: { task: "paint the fence" },
} as const;

/** What the server says to a client whose key it does not know. */
export const wrongKey = "The API key is not valid. Send a valid key as `X-API-Key: KEY`";
