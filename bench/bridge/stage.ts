import { nodeArguments } from "../../images/image-definition.ts";
import { Program } from "../server/program.ts";
import { type Stage, stageWith } from "../server/stage.ts";

export const anna = { id: 1, first_name: "Anna" };
export const token = "123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/** Of the references' bot. */
export const bareToken = "987654321:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";
export const key = "key-of-the-client-that-is-measured";

/** A stand-in for Telegram that takes as much as comes. */
export const unlimitedStage = (): Promise<Stage> => stageWith({ limits: false });

type Ready = { readonly msg?: string; readonly bridge: string; readonly http: string };

const common = { METRICS_PORT: "0", LOG_LEVEL: "info" };

const bridging = ({ telegram, folder }: Stage) => ({
  ...{ TELEGRAM_BOT_TOKEN: token, TELEGRAM_ALLOWED_USERS: `${anna.id}`, TELEGRAM_API_URL: telegram.url },
  ...{ TELEGRAM_UPDATES: "Polling", TELEGRAM_RATE_LIMIT_GLOBAL: "10000", TELEGRAM_RATE_LIMIT_PER_CHAT: "10000" },
  ...{ BRIDGE_HOST: "127.0.0.1", BRIDGE_PORT: "0", CC_TELEGRAM_DATA_DIR: folder, QUEUE_CLIENT_SHARE: "100" },
});

const serving = {
  ...{ MCP_SERVER_HOST: "127.0.0.1", MCP_SERVER_PORT: "0" },
  ...{ MCP_API_KEYS: JSON.stringify({ [key]: { name: "bench", permissions: ["*"] } }) },
  ...{ MCP_RATE_LIMIT_REQUESTS: "1000000", MCP_RATE_LIMIT_WINDOW: "1000" },
};

/** Server and bridge in one process; resolves with its URL. */
export async function startAlone(stage: Stage, further: Readonly<Record<string, string>> = {}): Promise<string> {
  return (await started(stage, "standalone", { ...common, ...bridging(stage), ...serving, ...further })).http;
}

/** Bridge and server in a process each, as their pods run them; resolves with the server's URL. */
export async function startApart(stage: Stage): Promise<string> {
  const secret = { HMAC_SECRET: "a-secret-of-at-least-32-characters!" };
  const { bridge } = await started(stage, "bridge", { ...common, ...secret, ...bridging(stage) });
  return (await started(stage, "serve", { ...common, ...secret, ...serving, BRIDGE_URL: bridge })).http;
}

async function started(stage: Stage, role: string, env: Readonly<Record<string, string>>): Promise<Ready> {
  const program = Program.start(process.execPath, [...nodeArguments("server"), "dist/server/main.js", role], env);
  stage.started.add(program);
  const ready = await program.line<Ready>(({ msg }) => msg === "ready to work");
  program.ignoreOutput();
  return ready;
}

export function post(url: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const init = { method: "POST", headers: { "content-type": "application/json", ...headers } };
  return fetch(url, { ...init, body: JSON.stringify(body) });
}
