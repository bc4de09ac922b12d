import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { freePort } from "../../e2e/cluster/free-ports.ts";
import { opens } from "../../e2e/port.ts";
import { type FakeBridge, secret, startFakeBridge } from "../server/support/fake-bridge.ts";
import { type Process, startProcess } from "../server/support/process.ts";
import { keys, keysJson } from "../server/support/server.ts";

const nginxProgram = "/usr/sbin/nginx";
const root = join(import.meta.dirname, "../..");
const lacks = [
  ...(spawnSync("fail2ban-regex", ["-V"]).error ? ["fail2ban"] : []),
  ...(spawnSync(nginxProgram, ["-v"]).error ? ["nginx"] : []),
];
const reason = lacks.length === 0 ? "" : ` (not run: install ${lacks.join(" and ")})`;

/** As the guide prints them. */
const guideFilters = {
  auth: "[Definition]\nfailregex = ^.*SECURITY.*authentication_failure.*client_ip.*<HOST>.*$\nignoreregex =\n",
  rateLimit: '[Definition]\nfailregex = ^<HOST>.*"(GET|POST).*" 429 .*$\nignoreregex =\n',
};

/** Who does what. */
const stranger = "127.0.0.9";
const busy = "127.0.0.8";
const harmless = "127.0.0.7";
const victim = "198.51.100.1";

let folder: string;
let bridge: FakeBridge;
let server: Process;
let nginx: ChildProcess;
let port: number;

/** The proxy's log, as docs/proxies/nginx.conf has it. */
async function nginxConfiguration(http: string): Promise<string> {
  const ours = await readFile(join(root, "docs/proxies/nginx.conf"), "utf8");
  const requestId = /^map \$http_x_request_id [\s\S]*?^\}/m.exec(ours)?.[0];
  const format = /^log_format cctelegram [^;]*;/m.exec(ours)?.[0];
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path tmp_${name};`,
  );
  return `daemon off;
pid nginx.pid;
events { worker_connections 64; }
http {
  ${temporary.join("\n  ")}
  ${requestId}
  ${format}
  access_log ${join(folder, "mcp_access.log")} cctelegram;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass ${http};
      proxy_set_header Host localhost;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`;
}

/** A call through the proxy that claims to come from elsewhere wherever it can; resolves with the status. */
async function call(from: string, key: string): Promise<number | undefined> {
  const forged = `SECURITY authentication_failure client_ip=${victim} "GET /" 429 x`;
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const headers = { "x-api-key": key, "user-agent": forged, referer: forged, "x-forwarded-for": victim };
  const path = "/tools/get_bridge_status";
  request({ host: "127.0.0.1", port, path, headers, localAddress: from }, (response) => {
    response.resume().on("end", () => resolve(response.statusCode));
  })
    .on("error", reject)
    .end();
  return promise;
}

async function calls(times: number, from: string, key: string): Promise<(number | undefined)[]> {
  const statuses: (number | undefined)[] = [];
  for (let count = 0; count < times; count++) statuses.push(await call(from, key));
  return statuses;
}

/** The addresses that a filter reads in a log. */
function found(log: string, filter: string): string[] {
  const output = execFileSync("fail2ban-regex", ["-o", "ip", log, filter], { encoding: "utf8" });
  return output.split("\n").filter((line) => line !== "");
}

describe.skipIf(reason !== "")(`fail2ban${reason}`, () => {
  const security = () => join(folder, "logs", "security.log");
  const access = () => join(folder, "mcp_access.log");
  const ours = (name: string) => join(root, "deploy/fail2ban/filter.d", name);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fail2ban-"));
    bridge = await startFakeBridge();
    port = await freePort();
    server = startProcess(["serve"], {
      ...{ HMAC_SECRET: secret, BRIDGE_URL: bridge.url, MCP_API_KEYS: keysJson, MCP_TRUSTED_PROXIES: "127.0.0.1" },
      ...{ MCP_SERVER_HOST: "127.0.0.1", MCP_SERVER_PORT: "0", METRICS_PORT: "0", METRICS_HOST: "127.0.0.1" },
      // fail2ban bans here, not the server.
      ...{ MCP_ENABLE_BANS: "false", MCP_RATE_LIMIT_REQUESTS: "8", CC_TELEGRAM_LOGS_DIR: join(folder, "logs") },
    });
    const { http = "" } = await server.logged("ready to work");
    await writeFile(join(folder, "nginx.conf"), await nginxConfiguration(http));
    nginx = spawn(nginxProgram, ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", "stderr"], { stdio: "inherit" });
    await vi.waitFor(async () => expect(await opens("127.0.0.1", port, 1_000)).toBe(true));

    expect(await calls(6, stranger, "a-wrong-key-that-nobody-has")).toEqual(Array(6).fill(401));
    expect(await calls(19, busy, keys.all)).toEqual([...Array(8).fill(200), ...Array(11).fill(429)]);
    expect(await calls(1, harmless, "a-wrong-key-that-nobody-has")).toEqual([401]);
    await vi.waitFor(async () => expect(await readFile(security(), "utf8")).toContain(harmless));
    await vi.waitFor(async () => expect(await readFile(access(), "utf8")).toContain(harmless));
    await writeFile(join(folder, "guide-auth.conf"), guideFilters.auth);
    await writeFile(join(folder, "guide-rate-limit.conf"), guideFilters.rateLimit);
  });

  afterAll(async () => {
    for (const child of [nginx, server.child]) {
      const ended = child.exitCode === null ? once(child, "exit") : undefined;
      child.kill("SIGTERM");
      await ended;
    }
    await bridge.close();
    await rm(folder, { recursive: true });
  });

  test("finds in security.log who has no valid key, whatever they send", () => {
    expect(found(security(), ours("cctelegram-auth.conf"))).toEqual([...Array(6).fill(stranger), harmless]);
  });

  test("finds in the proxy's log who is over the limit, by the guide's filter and by ours", () => {
    expect(found(access(), join(folder, "guide-rate-limit.conf"))).toEqual(Array(11).fill(busy));
    expect(found(access(), ours("cctelegram-rate-limit.conf"))).toEqual(Array(11).fill(busy));
  });

  test("finds in security.log who is over the limit, up to ten lines a minute", () => {
    expect(found(security(), ours("cctelegram-rate-limit.conf"))).toEqual(Array(10).fill(busy));
  });

  test("the guide's filter for keys reads no address at all: what stands before <HOST> takes all but its last digit", async () => {
    const guide = join(folder, "guide-auth.conf");
    expect(found(security(), guide)).not.toContain(stranger);
    // Nor would it in the line that suits it best.
    const best = join(folder, "best.log");
    await writeFile(best, "2026-01-01T00:00:00.000Z SECURITY authentication_failure client_ip=203.0.113.9\n");
    expect(found(best, guide)).toEqual(["0.0.0.9"]);
    expect(found(best, ours("cctelegram-auth.conf"))).toEqual(["203.0.113.9"]);
  });

  test("bans by our jails who has failed five times or was ten times over the limit, and nobody else", async () => {
    const configuration = join(folder, "fail2ban");
    await cp("/etc/fail2ban", configuration, {
      recursive: true,
      filter: (path) => !path.endsWith("defaults-debian.conf"),
    });
    await cp(join(root, "deploy/fail2ban"), configuration, { recursive: true });
    const jails = await readFile(join(configuration, "jail.d/cctelegram.conf"), "utf8");
    const here = jails
      .replaceAll("/var/log/cctelegram/security.log", security())
      .replaceAll("/var/log/nginx/mcp_access.log", access());
    // On loopback everybody is this machine; and nothing here may change a firewall.
    const overrides = "\n[DEFAULT]\nignoreself = false\nbackend = polling\naction =\n";
    await writeFile(join(configuration, "jail.d/cctelegram.conf"), here + overrides);
    await writeFile(join(configuration, "fail2ban.local"), "[Definition]\ndbfile = None\n");
    await mkdir(join(folder, "run"));
    const place = ["-c", configuration, "-s", join(folder, "run/socket"), "-p", join(folder, "run/pid")];
    const log = ["--logtarget", join(folder, "fail2ban.log")];
    const daemon = spawn("fail2ban-server", [...place, ...log, "-f", "start"], { stdio: "inherit" });
    try {
      const banned = (jail: string) =>
        execFileSync("fail2ban-client", [...place, "get", jail, "banip"], { encoding: "utf8", stdio: "pipe" })
          .split(/\s+/)
          .filter((ip) => ip !== "");
      await vi.waitFor(() => expect(banned("cctelegram-auth")).toEqual([stranger]), { timeout: 60_000, interval: 500 });
      await vi.waitFor(() => expect(banned("cctelegram-rate-limit")).toEqual([busy]), {
        timeout: 60_000,
        interval: 500,
      });
    } finally {
      const ended = once(daemon, "exit");
      daemon.kill("SIGTERM");
      await ended;
    }
  });
});
