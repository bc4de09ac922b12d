import { copyFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startTelegram } from "../../../telegram/telegram.ts";
import { ask, type MadeCertificate, makeCertificate, shownName } from "../../support/certificates.ts";
import { type FakeBridge, secret, startFakeBridge } from "../../support/fake-bridge.ts";
import { type Process, startProcess } from "../../support/process.ts";
import { keys, keysJson } from "../../support/server.ts";
import { handshake, type Line, startLine } from "../../support/stdio.ts";

let folder: string;
let certificate: MadeCertificate;
let bridge: FakeBridge;
let server: Process;
let url: string;
const lines: Line[] = [];

const serve = (env: Record<string, string>): Process =>
  startProcess(["serve"], {
    ...{ HMAC_SECRET: secret, BRIDGE_URL: bridge.url, MCP_API_KEYS: keysJson },
    ...{ MCP_SERVER_HOST: "127.0.0.1", MCP_SERVER_PORT: "0", METRICS_ENABLED: "false", SHUTDOWN_DELAY: "0" },
    ...env,
  });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tls-"));
  certificate = makeCertificate(folder, "first");
  bridge = await startFakeBridge();
  server = serve({ TLS_CERT_PATH: certificate.certPath, TLS_KEY_PATH: certificate.keyPath });
  url = (await server.logged("ready to work")).http ?? "";
});
afterEach(async () => {
  for (const { child } of [server, ...lines.splice(0)]) child.kill("SIGKILL");
  await server.exited;
  await bridge.close();
  await rm(folder, { recursive: true });
});

const client = (env: Record<string, string>): Line => {
  const line = startLine({ CCTELEGRAM_URL: url, CCTELEGRAM_API_KEY: keys.all, LOG_LEVEL: "debug", ...env });
  lines.push(line);
  return line;
};

test("a client by stdio calls a server by TLS whose certificate it trusts, and goes on when that is another one", async () => {
  expect(url).toMatch(/^https:/);
  const next = makeCertificate(folder, "second");
  const both = join(folder, "both.crt");
  writeFileSync(both, certificate.cert + next.cert);
  const line = client({ NODE_EXTRA_CA_CERTS: both });
  await handshake(line);
  const send = (message: string) => line.ask("tools/call", { name: "send_telegram_message", arguments: { message } });
  expect((await send("before")).result?.isError).toBeUndefined();
  copyFileSync(next.certPath, certificate.certPath);
  copyFileSync(next.keyPath, certificate.keyPath);
  server.child.kill("SIGHUP");
  await vi.waitFor(async () => expect(await shownName(url)).toBe("second"));
  expect((await send("after")).result?.isError).toBeUndefined();
  expect(bridge.events).toHaveLength(2);
});

test("a server that stands alone speaks TLS, too, and prints the URL with https", async () => {
  const telegram = await startTelegram();
  const alone = startProcess(["standalone"], {
    ...{ TLS_CERT_PATH: certificate.certPath, TLS_KEY_PATH: certificate.keyPath, MCP_SERVER_PORT: "0" },
    ...{ TELEGRAM_BOT_TOKEN: "123456789:AAExampleExampleExampleExampleExample", TELEGRAM_ALLOWED_USERS: "1001" },
    ...{ TELEGRAM_API_URL: telegram.url, CC_TELEGRAM_DATA_DIR: join(folder, "data"), METRICS_ENABLED: "false" },
    BRIDGE_PORT: "0",
  });
  try {
    const { http = "" } = await alone.logged("ready to work");
    await vi.waitFor(() => expect(alone.stderr()).toContain(`URL   ${http}/mcp`));
    expect(http).toMatch(/^https:/);
    expect((await ask(`${http}/health`, certificate.cert)).status).toBe(200);
  } finally {
    alone.child.kill("SIGKILL");
    await alone.exited;
    await telegram.close();
  }
});

test("one that does not trust it says what to set", async () => {
  const line = client({});
  await line.ask("initialize", {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "a", version: "1" },
  });
  expect(line.stderr() + line.stdout()).toContain("NODE_EXTRA_CA_CERTS");
});

test.each([
  ["one path without the other", { TLS_CERT_PATH: "/a" }, /TLS_KEY_PATH: is missing beside TLS_CERT_PATH/],
  [
    "a key that is not there",
    { TLS_CERT_PATH: "CERT", TLS_KEY_PATH: "/nowhere" },
    /TLS_KEY_PATH cannot be read \(ENOENT\)/,
  ],
  ["an old version", { TLS_CERT_PATH: "CERT", TLS_KEY_PATH: "KEY", TLS_MIN_VERSION: "1.1" }, /1\.2 or 1\.3/],
])("a server with %s does not start, and says why", async (_what, env, reason) => {
  const paths: Record<string, string> = { CERT: certificate.certPath, KEY: certificate.keyPath };
  const given = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, paths[value] ?? value]));
  const refused = serve(given);
  expect(await refused.exited).toBe(78);
  expect(refused.stderr()).toMatch(reason);
});
