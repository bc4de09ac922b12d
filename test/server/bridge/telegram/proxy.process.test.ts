import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startTelegram, type TelegramServer } from "../../../telegram/telegram.ts";
import { secret } from "../../support/fake-bridge.ts";
import { type ForwardProxy, startForwardProxy } from "../../support/forward-proxy.ts";
import { type Process, startProcess } from "../../support/process.ts";
import { keys, keysJson } from "../../support/server.ts";
import { hasOpenssl, tlsInFrontOf } from "../../support/tls-front.ts";
import { type Scratch, scratch, TOKEN, until } from "../support.ts";

const HOST = "telegram.test";
const PASSWORD = "pa55w0rd";

let directory: Scratch;
let telegram: TelegramServer;
let proxy: ForwardProxy;
let target = 0;
const started: Process[] = [];

beforeEach(async () => {
  directory = await scratch();
  telegram = await startTelegram({ tokens: [TOKEN], limits: false });
  target = Number(new URL(telegram.url).port);
  proxy = await startForwardProxy(`user:${PASSWORD}`, () => target);
});

afterEach(async () => {
  for (const { child, exited } of started.splice(0)) {
    child.kill("SIGKILL");
    await exited;
  }
  await proxy.close();
  await telegram.close();
  await directory[Symbol.asyncDispose]();
});

async function run(
  role: string,
  env: Record<string, string>,
): Promise<{ process: Process; said: Record<string, string> }> {
  const process = startProcess([role], { HMAC_SECRET: secret, METRICS_PORT: "0", LOG_LEVEL: "trace", ...env });
  started.push(process);
  return { process, said: await process.logged("ready to work") };
}

/** Server and bridge, both with the environment of a network that is left by a proxy only. */
async function runBoth(env: Record<string, string>) {
  const bridge = await run("bridge", {
    BRIDGE_HOST: "127.0.0.1",
    BRIDGE_PORT: "0",
    TELEGRAM_BOT_TOKEN: TOKEN,
    TELEGRAM_ALLOWED_USERS: "1001",
    CC_TELEGRAM_DATA_DIR: directory.path,
    ...env,
  });
  const server = await run("serve", {
    BRIDGE_URL: bridge.said.bridge ?? "",
    MCP_API_KEYS: keysJson,
    MCP_SERVER_HOST: "127.0.0.1",
    MCP_SERVER_PORT: "0",
    ...env,
  });
  const call = (tool: string, body: object) =>
    fetch(`${server.said.http}/tools/${tool}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": keys.all },
      body: JSON.stringify(body),
    });
  return { bridge: bridge.process, call };
}

const arrived = () => until("the message", () => telegram.delivered().length === 1);

describe("a network that is left by a proxy only", () => {
  test.each(["HTTP_PROXY", "http_proxy"])(
    "an http URL is asked through %s, and the bridge itself is not",
    async (name) => {
      const { bridge, call } = await runBoth({ TELEGRAM_API_URL: `http://${HOST}`, [name]: proxy.url });
      expect((await call("send_telegram_message", { message: "hello" })).status).toBe(200);
      await arrived();
      expect(new Set(proxy.requests.map((line) => line.replace(/\/bot.*\//, "/")))).toEqual(
        new Set([`POST http://${HOST}/getMe`, `POST http://${HOST}/sendMessage`]),
      );
      expect(proxy.refused()).toBe(0);
      expect(bridge.stdout() + bridge.stderr()).not.toContain(PASSWORD);
    },
  );

  test("what NO_PROXY names is asked directly", async () => {
    const { call } = await runBoth({ TELEGRAM_API_URL: telegram.url, HTTP_PROXY: proxy.url, NO_PROXY: "127.0.0.1" });
    await call("send_telegram_message", { message: "hello" });
    await arrived();
    expect(proxy.requests).toEqual([]);
  });

  test("a proxy that refuses is told with its status and without its password", async () => {
    const wrong = proxy.url.replace("user", "another");
    const { bridge, call } = await runBoth({ TELEGRAM_API_URL: `https://${HOST}`, HTTPS_PROXY: wrong });
    const status = async () => (await (await call("get_bridge_status", {})).json()) as object;
    await until("the refusal", async () => JSON.stringify(await status()).includes("407"));
    expect(JSON.stringify(await status())).not.toContain(PASSWORD);
    expect(bridge.stdout() + bridge.stderr()).not.toContain(PASSWORD);
  });

  test.skipIf(!hasOpenssl)(
    `an https URL is asked through a tunnel that shows the proxy nothing${hasOpenssl ? "" : " (not run: install openssl)"}`,
    async () => {
      const tls = await tlsInFrontOf(target, HOST, directory.path);
      target = tls.port;
      const { call } = await runBoth({
        TELEGRAM_API_URL: `https://${HOST}`,
        HTTPS_PROXY: proxy.url,
        HTTP_PROXY: "http://127.0.0.1:9",
        NODE_EXTRA_CA_CERTS: tls.cert,
      });
      await call("send_telegram_message", { message: "hello" });
      await arrived();
      expect(new Set(proxy.requests)).toEqual(new Set([`CONNECT ${HOST}:443`]));
      tls.close();
    },
  );
});
