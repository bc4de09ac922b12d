import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, request as plainRequest } from "node:http";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../../../../e2e/cluster/free-ports.ts";
import { bridgeEnvironment } from "../../../../operator/deployment/desired/configuration.ts";
import { exposureChildren } from "../../../../operator/deployment/desired/exposure.ts";
import type { BridgeConfig } from "../../../../server/bridge/config.ts";
import { webhookSecret } from "../../../../server/bridge/receiving/webhook.ts";
import { type BridgeRoleConfig, loadConfig } from "../../../../server/config/config.ts";
import {
  bridgeFor,
  configFor,
  eventOf,
  headersOf,
  type Scratch,
  SECRET,
  scratch,
  type TestBridge,
  TOKEN,
  until,
} from "../../../server/bridge/support.ts";
import { certificateFor } from "../../../server/support/tls-front.ts";
import { endsWithWorker } from "../../../support/ends-with-worker.ts";
import { programOf } from "../../../support/programs.ts";
import { blueprint, specOf } from "../support/blueprint.ts";
import { type NginxOptions, type RouteRules, startNginx } from "../support/nginx.ts";

const ANNA = { id: 1, first_name: "Anna" };
const PATH = "/chat/telegram/updates";

let directory: Scratch;
let telegram: { readonly url: string; readonly child: ChildProcess };
let front: NginxOptions;
let nginx: Awaited<ReturnType<typeof startNginx>>;
let config: BridgeConfig;
let bridge: TestBridge;
const server = createServer((_request, response) => void response.end("the MCP server"));

/** The stand-in trusts the proxy's certificate, as Telegram trusts public ones. */
async function startTelegram(cert: string): Promise<typeof telegram> {
  const child = spawn(process.execPath, [...endsWithWorker, programOf("telegram")], {
    env: { ...process.env, PORT: "0", HOST: "127.0.0.1", TELEGRAM_TOKENS: TOKEN, NODE_EXTRA_CA_CERTS: cert },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout })) return { url: JSON.parse(line).url, child };
  throw new Error("the stand-in ended before it listened");
}

/** The configuration of a pod as the operator writes it, on ports and in a folder of this test. */
function configOf(environment: ReturnType<typeof bridgeEnvironment>, own: Record<string, string>): BridgeConfig {
  const { TELEGRAM_BOT_TOKEN_FILE: _mounted, ...rest } = environment;
  const env = { ...rest, BRIDGE_HOST: "127.0.0.1", BRIDGE_PORT: "0", TELEGRAM_BOT_TOKEN: TOKEN, ...own };
  const readFile = (path: string) => (path.endsWith("/hmac/secret") ? SECRET : "");
  return (loadConfig("bridge", { env, home: "/nonexistent", readFile }) as BridgeRoleConfig).bridge;
}

beforeAll(async () => {
  directory = await scratch();
  const certificate = certificateFor("localhost", directory.path);
  telegram = await startTelegram(certificate.cert);
  const [port, updates] = [await freePort(), await freePort()];
  // A Gateway may listen on any port, and the stand-in calls any of this machine.
  const from = [{ namespaceSelector: { matchLabels: { name: "gateways" } } }];
  const exposure = { mode: "HTTPRoute", host: "localhost", path: "/chat", parentRefs: [{ name: "web", port }], from };
  const one = blueprint(specOf({ exposure }), { updates: "Webhook", telegramApiUrl: telegram.url });
  const own = { TELEGRAM_WEBHOOK_PORT: `${updates}`, CC_TELEGRAM_DATA_DIR: directory.path };
  config = configOf(bridgeEnvironment(one), { ...own, TELEGRAM_ALLOWED_USERS: "1" });
  bridge = await bridgeFor(config);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const services = {
    "team-mcp-server:8082": (server.address() as AddressInfo).port,
    "team-bridge:9001": Number(new URL(bridge.url).port),
    "team-bridge:9002": updates,
  };
  const [route] = exposureChildren(one).map(({ object }) => object.spec as { rules: RouteRules });
  const { rules } = route!;
  front = { folder: directory.path, port, certificate, rules, services };
  nginx = await startNginx(front);
});

afterAll(async () => {
  await bridge.close();
  await nginx.stop();
  server.close();
  const exit = once(telegram.child, "exit");
  telegram.child.kill("SIGTERM");
  await exit;
  await directory[Symbol.asyncDispose]();
});

const control = (body: object) => fetch(`${telegram.url}/control`, { method: "POST", body: JSON.stringify(body) });
const says = (text: string) => control({ says: [{ from: ANNA, text }] });
const texts = (of = bridge) => of.responses({ since: 0, limit: 100 }).map(({ text }) => text);
const webhookUrl = async () => {
  const answer = await fetch(`${telegram.url}/bot${TOKEN}/getWebhookInfo`);
  return ((await answer.json()) as { result: { url: string } }).result.url;
};
const violations = async () => {
  const log = (await (await fetch(`${telegram.url}/log`)).json()) as { violation?: boolean }[];
  return log.filter(({ violation }) => violation === true);
};

/** A request through the proxy. */
function ask(path: string, { method = "GET", headers = {}, body = "" }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port, certificate } = front;
    const ca = readFileSync(certificate.cert);
    const call = request({ host: "localhost", family: 4, port, ca, path, method, headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part) => (text += part));
      answer.on("end", () => resolve({ status: answer.statusCode, text }));
    });
    call.on("error", reject).end(body);
  });
}
type Asked = { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string };
type Answer = { readonly status: number | undefined; readonly text: string };

const calling = (secret?: string): Asked => ({
  method: "POST",
  body: JSON.stringify({ update_id: 900, message: { text: "forged" } }),
  headers: secret === undefined ? {} : { "x-telegram-bot-api-secret-token": secret },
});

test("what people say reaches the bridge through nginx, by the objects and variables of the operator", async () => {
  await until("the webhook", async () => (await webhookUrl()) === `https://localhost:${front.port}${PATH}`);
  await says("one");
  await says("two");
  await until("both", () => texts().length === 2);
  expect(texts()).toEqual(["two", "one"]);
  expect(bridge.status().receiving).toMatchObject({ mode: "Webhook", receiving: true });
  expect(await violations()).toEqual([]);
});

test("a stranger at the public path is refused before the body is read, and has no effect", async () => {
  expect(await ask(PATH, calling())).toMatchObject({ status: 401 });
  expect(await ask(PATH, calling("wrong"))).toMatchObject({ status: 401 });
  expect(await ask(PATH, calling(TOKEN))).toMatchObject({ status: 401 });
  expect(await ask(PATH)).toMatchObject({ status: 404 });
  expect(JSON.stringify(await ask(PATH, calling("wrong")))).not.toContain(webhookSecret(TOKEN));
  expect(texts()).not.toContain("forged");
});

test.each(["", "/chat"])("nothing else of the bridge is reached below %j, with whatever secret", async (base) => {
  const intake = bridge.url;
  for (const path of ["/status", "/responses", "/events/e1", "/health/live", "/health/ready", "/metrics"]) {
    const headers = headersOf(`${intake}${path}`, "GET", "");
    expect(await ask(`${base}${path}`, { headers }), path).toMatchObject({ status: 404 });
  }
  const event = JSON.stringify(eventOf("e1"));
  for (const path of ["/events", "/relay/publish", "/relay/follow", `${PATH}/`, `${PATH}/x`, `${PATH}/../../status`]) {
    const headers = headersOf(`${intake}${path}`, "POST", event);
    expect(await ask(`${base}${path}`, { method: "POST", headers, body: event }), path).toMatchObject({ status: 404 });
  }
  // What the server has, too, is the server's.
  for (const path of ["/health", "/approvals"]) {
    const { status, text } = await ask(`${base}${path}`, { headers: headersOf(`${intake}${path}`, "GET", "") });
    expect([status, text], path).toEqual(base === "" ? [404, expect.anything()] : [200, "the MCP server"]);
  }
  // The Service's port, without the proxy: still only that one path.
  const inside = await new Promise((resolve) => {
    const call = {
      port: front.services["team-bridge:9002"],
      path: "/status",
      headers: headersOf(`${intake}/status`, "GET", ""),
    };
    plainRequest(call, (answer) => resolve(answer.resume().statusCode)).end();
  });
  expect(inside).toBe(404);
});

test("while the proxy is away the bridge says so and stays ready; then nothing is missing", async () => {
  await nginx.stop();
  await says("is anybody there?");
  await until("the problem", () => bridge.status().receiving?.undelivered === true, 60_000);
  expect(bridge.status().receiving?.error).toContain("Telegram cannot reach the webhook");
  expect(bridge.obstacles()).toEqual([]);
  nginx = await startNginx(front);
  await until("the text", () => texts().includes("is anybody there?"));
  await until("the end of the problem", () => bridge.status().receiving?.receiving === true, 60_000);
});

test("a bridge elsewhere that polls takes over without a conflict, and gives back", async () => {
  await bridge.close();
  expect(await webhookUrl()).toBe("");
  await says("in between");
  await using elsewhere = await scratch();
  const polling = { updates: { mode: "Polling", pollSeconds: 1 } } as const;
  const other = await bridgeFor(configFor(elsewhere.path, telegram.url, { telegram: polling }));
  await until("what was said in between", () => texts(other).includes("in between"));
  await other.close();
  bridge = await bridgeFor(config);
  await says("and back");
  await until("the last text", () => texts().includes("and back"));
  expect(bridge.status().receiving).toMatchObject({ receiving: true, other_consumer: false });
  expect(await violations()).toEqual([]);
});
