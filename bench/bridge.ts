/**
 * `npm run bench:bridge [-- --clicks 400 --waiting 8]`: from a click on Telegram to the answered call of a client, over a server
 * and a bridge in processes of their own, beside a bare loop over getUpdates that answers the click by itself.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { bundle } from "../images/bundle.ts";
import { nodeArguments } from "../images/image-definition.ts";
import type { TelegramServer } from "../test/telegram/telegram.ts";
import { Program } from "./server/program.ts";
import { stageWith } from "./server/stage.ts";

const { values } = parseArgs({
  options: {
    clicks: { type: "string", default: "400" },
    /** Calls that wait at the same time. */
    waiting: { type: "string", default: "8" },
  },
});
const clicks = Number(values.clicks);
const waiting = Number(values.waiting);
const goal = { p99: 150 };

const anna = { id: 1, first_name: "Anna" };
const token = "123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const bareToken = "987654321:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";
const key = "key-of-the-client-that-asks-people";
const hmac = "a-secret-of-at-least-32-characters!";

await using stage = await stageWith({ limits: false });
const { telegram, folder, started } = stage;
await bench();

async function bench(): Promise<void> {
  await bundle(["server"]);
  const server = await startParts();
  const ours = await measured((id) => asked(server, id), token);
  const bare = await bareLoop();
  tell("a click to the answered call", ours, bare, goal);
  tell("a click to the bare loop over getUpdates", bare, bare);
}

type Ready = { readonly msg?: string; readonly bridge: string; readonly http: string };

/** Bridge and server as their pods run them; resolves with the server's URL. */
async function startParts(): Promise<string> {
  const common = { HMAC_SECRET: hmac, METRICS_PORT: "0", LOG_LEVEL: "info" };
  const bridge = start("bridge", {
    ...common,
    ...{ TELEGRAM_BOT_TOKEN: token, TELEGRAM_ALLOWED_USERS: `${anna.id}`, TELEGRAM_API_URL: telegram.url },
    ...{ TELEGRAM_UPDATES: "Polling", TELEGRAM_RATE_LIMIT_GLOBAL: "10000", TELEGRAM_RATE_LIMIT_PER_CHAT: "10000" },
    ...{ BRIDGE_HOST: "127.0.0.1", BRIDGE_PORT: "0", CC_TELEGRAM_DATA_DIR: folder, QUEUE_CLIENT_SHARE: "100" },
  });
  const { bridge: bridgeUrl } = await bridge.line<Ready>(({ msg }) => msg === "ready to work");
  bridge.ignoreOutput();
  const server = start("serve", {
    ...common,
    ...{ BRIDGE_URL: bridgeUrl, MCP_SERVER_HOST: "127.0.0.1", MCP_SERVER_PORT: "0" },
    ...{ MCP_API_KEYS: JSON.stringify({ [key]: { name: "bench", permissions: ["*"] } }) },
    ...{ MCP_RATE_LIMIT_REQUESTS: "1000000", MCP_RATE_LIMIT_WINDOW: "1000" },
  });
  const { http } = await server.line<Ready>(({ msg }) => msg === "ready to work");
  server.ignoreOutput();
  return http;
}

function start(role: string, env: Readonly<Record<string, string>>): Program {
  const program = Program.start(process.execPath, [...nodeArguments("server"), "dist/server/main.js", role], env);
  started.add(program);
  return program;
}

/** A call that waits for the decision. */
async function asked(url: string, id: string): Promise<void> {
  const answer = await fetch(`${url}/tools/send_approval_request`, {
    method: "POST",
    headers: { "x-api-key": key, "content-type": "application/json" },
    body: JSON.stringify({ title: id, description: "Go on?", task_id: id, wait_seconds: 60 }),
  });
  const { approval, message } = (await answer.json()) as { approval?: { state: string }; message: string };
  if (approval?.state !== "decided") throw new Error(`the call has no decision: ${message}`);
}

/** Milliseconds from each click to the end of its call. */
async function measured(ask: (id: string) => Promise<void>, of: string): Promise<readonly number[]> {
  const bot = Number(of.split(":", 1)[0]);
  const times: number[] = [];
  let next = 0;
  const client = async () => {
    for (let number = next++; number < clicks; number = next++) {
      const id = `question-${bot}-${number}.`;
      const answered = ask(id);
      const press = await questionOf(telegram, bot, id);
      // People do not press in step.
      await sleep(Math.random() * 50);
      const pressed = performance.now();
      telegram.control({ bot, presses: [press] });
      await answered;
      times.push(performance.now() - pressed);
    }
  };
  await Promise.all(Array.from({ length: waiting }, client));
  return times;
}

async function questionOf(server: TelegramServer, bot: number, id: string) {
  for (;;) {
    const sent = server.delivered().findLast((each) => each.bot === bot && each.text?.includes(id) === true);
    const rows = (sent?.reply_markup as { inline_keyboard?: { callback_data: string }[][] })?.inline_keyboard;
    const data = rows?.[0]?.[0]?.callback_data;
    if (sent?.chat_id !== undefined && sent.message_id !== undefined && data !== undefined) {
      return { from: anna, chat_id: sent.chat_id, message_id: sent.message_id, data };
    }
    await sleep(2);
  }
}

/** The reference: it sends the question, asks for updates without an end, and keeps nothing. */
async function bareLoop(): Promise<readonly number[]> {
  const waits = new Map<string, () => void>();
  let goesOn = true;
  const call = async (method: string, body: object) => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${telegram.url}/bot${bareToken}/${method}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    return ((await answer.json()) as { result: { update_id: number; callback_query?: { id: string; data: string } }[] })
      .result;
  };
  const loop = async () => {
    for (let offset = 0; goesOn; ) {
      for (const { update_id, callback_query } of await call("getUpdates", { offset, timeout: 1 })) {
        offset = update_id + 1;
        if (callback_query === undefined) continue;
        void call("answerCallbackQuery", { callback_query_id: callback_query.id });
        waits.get(callback_query.data)?.();
      }
    }
  };
  const running = loop();
  const times = await measured(async (id) => {
    const answered = new Promise<void>((resolve) => waits.set(id, resolve));
    const reply_markup = { inline_keyboard: [[{ text: "Approve", callback_data: id }]] };
    await call("sendMessage", { chat_id: anna.id, text: id, reply_markup });
    await answered;
  }, bareToken);
  goesOn = false;
  await running;
  return times;
}

function tell(name: string, times: readonly number[], beside: readonly number[], target: { p99?: number } = {}): void {
  for (const [label, share] of [
    ["p50", 0.5],
    ["p99", 0.99],
  ] as const) {
    const value = quantile(times, share);
    const ratio = value / quantile(beside, share);
    const goalOf = label === "p99" && target.p99 !== undefined ? { goal: target.p99 } : {};
    console.log(
      JSON.stringify({
        bench: "bridge",
        measure: `${name}, ${label}`,
        value: rounded(value),
        unit: "ms",
        ratio: rounded(ratio),
        ...goalOf,
      }),
    );
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
