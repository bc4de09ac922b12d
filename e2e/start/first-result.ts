import { progress } from "../../machine/progress.mjs";
import type { Received } from "../../test/telegram/received.ts";
import { startTelegram } from "../../test/telegram/telegram.ts";
import { type Account, madeUpAccount } from "./account.ts";
import { demonstrate, GREETING, shownMessage } from "./demonstration.ts";
import type { Stage } from "./ending.ts";
import { type Standalone, startStandalone } from "./standalone.ts";

export type FirstResultOptions = {
  readonly stage: Pick<Stage, "onEnd" | "signal">;
  /** The real bot; without one the stand-in for Telegram is started, and what it receives is shown. */
  readonly account: Account | undefined;
  readonly env?: NodeJS.ProcessEnv;
};

/** The first part of `npm start`: a server without Kubernetes, a message sent through it, and how to send more. */
export async function firstResult({ stage, account, env }: FirstResultOptions): Promise<Standalone> {
  const standIn = account === undefined ? await startStandIn(stage) : undefined;
  const standalone = await progress.step("start server and bridge, standing alone", () =>
    startStandalone({
      account: account ?? { ...madeUpAccount, apiUrl: standIn?.url ?? "" },
      onEnd: stage.onEnd,
      signal: stage.signal,
      ...(env ? { env } : {}),
    }),
  );
  await demonstrate({
    url: `${standalone.url}/mcp`,
    key: standalone.key,
    message: GREETING,
    signal: stage.signal,
    ...(standIn ? { received: standIn.first } : {}),
  });
  stage.signal.throwIfAborted();
  standIn?.showAll();
  console.log(howToTry(standalone));
  return standalone;
}

/** The strict stand-in for Telegram, in this process. */
async function startStandIn({ onEnd }: Pick<Stage, "onEnd">) {
  const { promise, resolve } = Promise.withResolvers<Received>();
  let show = (message: Received) => resolve(message);
  const telegram = await startTelegram({ onMessage: (message) => show(message) });
  onEnd(() => telegram.close());
  return {
    url: telegram.url,
    first: () => promise,
    /** From now on each message is shown when it arrives. */
    showAll: () => {
      show = (message) => progress.note(shownMessage(message));
    },
  };
}

/** How a person sends messages through a server: the configuration of an MCP client, and a curl command. */
function howToTry({ url, key, dashboard }: Pick<Standalone, "url" | "key" | "dashboard">): string {
  const server = { type: "http", url: `${url}/mcp`, headers: { "X-API-Key": key } };
  const configuration = JSON.stringify({ mcpServers: { cctelegram: server } }, null, 2);
  return `
MCP endpoint:  ${url}/mcp
API key:       ${key}
Dashboard:     ${dashboard.url}/   user admin, password ${dashboard.password}

Configuration for an MCP client such as Claude Code (.mcp.json) or Cursor (.cursor/mcp.json):

${configuration}

Without MCP:

  curl ${url}/tools/send_telegram_message -H "X-API-Key: ${key}" \\
    -H "Content-Type: application/json" -d '{"message": "Hello"}'
`;
}
