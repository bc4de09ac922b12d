import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { globSync, readFileSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { freePort } from "../../e2e/cluster/free-ports.ts";
import { opens } from "../../e2e/port.ts";
import { ask, makeCertificate } from "../server/support/certificates.ts";
import { processStage } from "../server/support/process-stage.ts";
import { keys, keysJson } from "../server/support/server.ts";

const guides = process.env.CCTELEGRAM_GUIDES ?? join(import.meta.dirname, "../../../shared/seeds");
const proxies = join(import.meta.dirname, "../../docs/proxies");
const program = { nginx: "/usr/sbin/nginx", haproxy: "/usr/sbin/haproxy" } as const;
const lacks = Object.entries(program).flatMap(([name, path]) => (spawnSync(path, ["-v"]).error ? [name] : []));
const reason = lacks.length === 0 ? "" : ` (not run: install ${lacks.join(" and ")})`;
const production = globSync("*.txt", { cwd: guides })
  .map((file) => readFileSync(join(guides, file), "utf8"))
  .find((text) => text.includes("location /monitoring/ {"));
const guideReason = production === undefined ? ` (not run: the guides are not in ${guides})` : "";

const password = "a-password-of-the-dashboard";
const name = "mcp.example.com";

const stage = processStage("dashboard-proxy");
let dashboardPort: number;
let proxyPort: number;
let ca: string;
let proxy: ChildProcess | undefined;

/** Lines of a file that are comments until somebody wants them, from the one that `begins` is found in to the end of the comment. */
function uncommented(text: string, begins: RegExp): string {
  let isMeant = false;
  return text
    .split("\n")
    .map((line) => {
      isMeant = /^ *#/.test(line) && (isMeant || begins.test(line));
      return isMeant ? line.replace("# ", "") : line;
    })
    .join("\n");
}

/** The block of the Production Deployment Guide, with the ports of this test. */
function guideNginx(): string {
  const block = /^ {4}location \/monitoring\/ \{[\s\S]*?^ {4}\}/m.exec(production ?? "")?.[0] ?? "";
  return `listen 127.0.0.1:${proxyPort} ssl;
    ssl_certificate ${join(stage.folder, "proxy.crt")};
    ssl_certificate_key ${join(stage.folder, "proxy.key")};
    ${block.replace("127.0.0.1:8080", `127.0.0.1:${dashboardPort}`).replace("/etc/nginx/.htpasswd", join(stage.folder, "htpasswd"))}`;
}

/** docs/proxies/nginx.conf, with the ports and folders of this test. */
function ownNginx(): string {
  return uncommented(readFileSync(join(proxies, "nginx.conf"), "utf8"), /# location \/monitoring\//)
    .replaceAll(/^ {4}listen \[::\].*\n/gm, "")
    .replace("listen 443 ssl http2;", `listen 127.0.0.1:${proxyPort} ssl;`)
    .replace("listen 80;", `listen unix:${join(stage.folder, "plain")};`)
    .replaceAll("team-mcp-server.cctelegram.svc.cluster.local", "127.0.0.1")
    .replace("127.0.0.1:8081", `127.0.0.1:${dashboardPort}`)
    .replace(`/etc/ssl/certs/${name}.crt`, join(stage.folder, "proxy.crt"))
    .replace(`/etc/ssl/private/${name}.key`, join(stage.folder, "proxy.key"))
    .replaceAll("/var/log/nginx/", `${stage.folder}/`)
    .replace(
      "allow 10.0.0.0/8;\n        allow 172.16.0.0/12;\n        allow 192.168.0.0/16;\n        deny all;\n        proxy_pass http://127.0.0.1",
      "allow 127.0.0.0/8;\n        deny all;\n        proxy_pass http://127.0.0.1",
    );
}

/** docs/proxies/haproxy.cfg, with the ports and folders of this test. */
function ownHaproxy(): string {
  const meant = /# (use_backend|backend) cctelegram_dashboard/;
  return uncommented(readFileSync(join(proxies, "haproxy.cfg"), "utf8"), meant)
    .replaceAll(/^ {4}(chroot|user|group|stats socket|bind \[::\]|bind \*:80).*\n/gm, "")
    .replace("bind *:443", `bind 127.0.0.1:${proxyPort}`)
    .replace("bind 127.0.0.1:8404", `bind unix@${join(stage.folder, "stats")}`)
    .replaceAll("team-mcp-server.cctelegram.svc.cluster.local", "127.0.0.1")
    .replace("127.0.0.1:8081", `127.0.0.1:${dashboardPort}`)
    .replace(`/etc/ssl/private/${name}.pem`, join(stage.folder, "proxy.pem"))
    .replace("acl inside src ", "acl inside src 127.0.0.0/8 ");
}

async function startNginx(http: string): Promise<ChildProcess> {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path tmp_${kind};`,
  );
  const config = `daemon off;\npid nginx.pid;\nevents { worker_connections 64; }\nhttp {\naccess_log off;\n${temporary.join("\n")}\n${http}\n}\n`;
  await writeFile(join(stage.folder, "nginx.conf"), config);
  return spawn(program.nginx, ["-p", stage.folder, "-c", join(stage.folder, "nginx.conf"), "-e", "stderr"], {
    stdio: "inherit",
  });
}

async function startHaproxy(): Promise<ChildProcess> {
  await writeFile(join(stage.folder, "haproxy.cfg"), ownHaproxy());
  return spawn(program.haproxy, ["-db", "-f", join(stage.folder, "haproxy.cfg")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

const shown = (word: string) => `Basic ${Buffer.from(`admin:${word}`).toString("base64")}`;

/** What a browser sends that sees the proxy under its name, but for the name in TLS: that of the certificate. */
const browser = { host: name, authorization: shown(password) };
const servername = "localhost";

type Asked = { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string };

const through = (path: string, { headers, ...rest }: Asked = {}) =>
  ask(`https://127.0.0.1:${proxyPort}/monitoring/${path}`, ca, {
    ...rest,
    servername,
    headers: { ...browser, ...headers },
  });

const act = (action: object, headers: Record<string, string>) =>
  through("api/monitoring/actions", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(action),
  });

/** How many events of the stream come, one after the other, while it stays open. */
async function events(count: number): Promise<readonly string[]> {
  const asked = request(`https://127.0.0.1:${proxyPort}/monitoring/api/monitoring/stream`, {
    ...{ ca, servername },
    headers: browser,
  }).end();
  const [response] = await once(asked, "response");
  expect(response.statusCode).toBe(200);
  const seen: string[] = [];
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) {
    text += chunk;
    const parts = text.split("\n\n");
    text = parts.pop() ?? "";
    seen.push(...parts.filter((part) => part.includes("data:")));
    if (seen.length >= count) break;
  }
  asked.destroy();
  return seen;
}

beforeEach(async () => {
  dashboardPort = await freePort();
  proxyPort = await freePort();
  await chmod(stage.folder, 0o755);
  const { cert, key } = makeCertificate(stage.folder, "proxy");
  ca = cert;
  await writeFile(join(stage.folder, "proxy.pem"), cert + key);
  await writeFile(join(stage.folder, "htpasswd"), `admin:${execFileSync("openssl", ["passwd", "-apr1", password])}`);
  await mkdir(join(stage.folder, "data"), { mode: 0o700 });
  const program = stage.start("standalone", {
    TELEGRAM_API_URL: stage.telegram.url,
    TELEGRAM_BOT_TOKEN: "123456789:AAExampleExampleExampleExampleExample",
    TELEGRAM_ALLOWED_USERS: "1001",
    CC_TELEGRAM_DATA_DIR: join(stage.folder, "data"),
    MCP_SERVER_PORT: "0",
    METRICS_ENABLED: "false",
    MCP_API_KEYS: keysJson,
    MONITORING_SERVER_PORT: `${dashboardPort}`,
    MONITORING_PASSWORD: password,
    MCP_TRUSTED_PROXIES: "127.0.0.1",
    MCP_ALLOWED_HOSTS: name,
  });
  await program.logged("ready to work");
});

afterEach(async () => {
  if (proxy === undefined) return;
  const ended = proxy.exitCode === null ? once(proxy, "exit") : undefined;
  proxy.kill("SIGTERM");
  await ended;
  proxy = undefined;
});

async function expectADashboard(): Promise<void> {
  await vi.waitFor(async () => expect(await opens("127.0.0.1", proxyPort, 1_000)).toBe(true));
  const page = await through("");
  expect({ status: page.status, isPage: page.body.startsWith("<!doctype html>") }).toEqual({
    status: 200,
    isPage: true,
  });
  expect(page.headers["content-security-policy"]).toMatch(/^default-src 'none'/);
  expect(page.headers["x-frame-options"]).toBe("DENY");
  expect((await through("", { headers: { authorization: shown("no-password-of-anybody") } })).status).toBe(401);
  expect(JSON.parse((await through("api/monitoring/overview")).body)).toHaveProperty("since");
  expect(await events(2)).toHaveLength(2);
  const key = { "x-api-key": keys.all };
  expect((await act({ action: "pause_delivery" }, { origin: "https://evil.example", ...key })).status).toBe(403);
  expect((await act({ action: "pause_delivery" }, { origin: `https://${name}` })).status).toBe(401);
  const done = await act({ action: "pause_delivery" }, { origin: `https://${name}`, ...key });
  expect({ status: done.status, body: JSON.parse(done.body) }).toMatchObject({ status: 200, body: { done: true } });
}

describe.skipIf(reason !== "")(`the dashboard at /monitoring/ of a proxy${reason}`, () => {
  test.skipIf(guideReason !== "")(
    `by the lines of the Production Deployment Guide, with its password${guideReason}`,
    async () => {
      proxy = await startNginx(`server {\n${guideNginx()}\n}`);
      await expectADashboard();
    },
  );

  test("by those of docs/proxies/nginx.conf", async () => {
    proxy = await startNginx(ownNginx());
    await expectADashboard();
  });

  test("by those of docs/proxies/haproxy.cfg", async () => {
    proxy = await startHaproxy();
    await expectADashboard();
  });
});
