import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../../config/config-error.ts";
import { namesOf, type Variable } from "../../../config/variable.ts";
import type { Service } from "../../../contract/roles.ts";
import packageJson from "../../../package.json" with { type: "json" };
import {
  type BridgeRoleConfig,
  loadConfig,
  type ServeConfig,
  type StandaloneConfig,
} from "../../../server/config/config.ts";
import { helpText } from "../../../server/config/help.ts";
import { variables } from "../../../server/config/variables.ts";
import { version } from "../../../server/config/version.ts";

const secret = "a-secret-of-at-least-32-characters!";
const token = "123456789:AAExampleExampleExampleExampleExample";
const serveEnv = { HMAC_SECRET: secret, BRIDGE_URL: "http://team-bridge:9001/", MCP_API_KEYS_FILE: "/keys.json" };
const bridgeEnv = { HMAC_SECRET: secret, TELEGRAM_BOT_TOKEN: token, TELEGRAM_ALLOWED_USERS: "1, 2,2" };

type Env = Record<string, string | undefined>;

function load(role: Service, env: Env, files: Record<string, string> = {}) {
  return loadConfig(role, {
    env,
    home: "/home/anna",
    readFile: (path) => {
      const content = files[path];
      if (content === undefined) throw Object.assign(new Error(`ENOENT ${path}`), { code: "ENOENT" });
      return content;
    },
  });
}

function problems(role: Service, env: Env, files?: Record<string, string>): ConfigError {
  try {
    load(role, env, files);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("the configuration was accepted");
}

describe("configuration", () => {
  test("has the documented defaults", () => {
    expect(load("serve", serveEnv)).toMatchObject({
      role: "serve",
      log: { level: "info" },
      metrics: { enabled: true, host: "::", port: 9090 },
      http: { host: "::", port: 8080, shutdownDelayMs: 5000 },
      auth: { enabled: true, keysFile: "/keys.json" },
      rateLimit: { enabled: true, requests: 100, windowMs: 60_000, blockMs: 300_000 },
      bans: {
        enabled: true,
        failures: { strikes: 5, windowMs: 600_000, banMs: 3_600_000 },
        limits: { strikes: 10, windowMs: 300_000, banMs: 1_800_000 },
      },
      bridgeClient: { url: "http://team-bridge:9001", timeoutMs: 10_000 },
      shutdownTimeoutMs: 20_000,
    });
    expect(load("bridge", bridgeEnv)).toMatchObject({
      bridge: {
        host: "::",
        port: 9001,
        dataDir: "/var/lib/cctelegram",
        queueSizeLimit: 10_000,
        hmac: { secret },
        telegram: {
          allowedUsers: [1, 2],
          apiUrl: "https://api.telegram.org",
          apiTimeoutMs: 30_000,
          messagesPerSecond: 30,
          messagesPerChatPerSecond: 1,
        },
      },
    });
  });

  test("of standalone needs only the bot and stays on this machine", () => {
    const env = { TELEGRAM_BOT_TOKEN: token, TELEGRAM_ALLOWED_USERS: "1" };
    const config = load("standalone", env) as StandaloneConfig;
    expect(config.http.host).toBe("127.0.0.1");
    expect(config.metrics.host).toBe("127.0.0.1");
    expect(config.bridge).toMatchObject({ host: "127.0.0.1", dataDir: "/home/anna/.cctelegram", hmac: { secret: "" } });
  });

  test("of stdio is that of a bridge without a port, or of a client of a server elsewhere", () => {
    const alone = load("stdio", { TELEGRAM_BOT_TOKEN: token, TELEGRAM_ALLOWED_USERS: "1" });
    expect(alone).toMatchObject({
      metrics: { enabled: false },
      bridge: { dataDir: "/home/anna/.cctelegram", isHidden: true },
    });
    const key = "a-key-of-some-length";
    for (const url of [
      "https://mcp.example.com",
      "https://mcp.example.com/",
      "https://mcp.example.com/mcp",
      "https://mcp.example.com/mcp/",
    ]) {
      const remote = load("stdio", { CCTELEGRAM_URL: url, CCTELEGRAM_API_KEY_FILE: "/key" }, { "/key": `${key}\n` });
      expect(remote).toMatchObject({ remote: { url: "https://mcp.example.com/mcp", apiKey: key } });
    }
  });

  test.each([
    [{}, ["TELEGRAM_BOT_TOKEN", "TELEGRAM_ALLOWED_USERS"]],
    [{ TELEGRAM_BOT_TOKEN: token }, ["TELEGRAM_ALLOWED_USERS"]],
    [{ CCTELEGRAM_URL: "https://mcp.example.com" }, ["CCTELEGRAM_API_KEY"]],
    [{ CCTELEGRAM_API_KEY: "a-key-of-some-length" }, ["CCTELEGRAM_URL"]],
    [{ CCTELEGRAM_URL: "https://anna:secret@mcp.example.com", CCTELEGRAM_API_KEY: "a" }, ["CCTELEGRAM_URL"]],
  ])("of stdio says what %o lacks", (env, missing) => {
    expect(problems("stdio", env).problems.map(({ variable }) => variable)).toEqual(missing);
  });

  test("of a user without a home directory needs another place for the queue", () => {
    const env = { TELEGRAM_BOT_TOKEN: token, TELEGRAM_ALLOWED_USERS: "1" };
    const homeless = (more: Env) =>
      loadConfig("standalone", { env: { ...env, ...more }, home: undefined, readFile: () => "" });
    expect(() => homeless({})).toThrow("CC_TELEGRAM_DATA_DIR: is in the home directory, and this user has none");
    expect(homeless({ CC_TELEGRAM_DATA_DIR: "/data" })).toMatchObject({ bridge: { dataDir: "/data" } });
  });

  test.each<[Service, Env]>([
    ["serve", serveEnv],
    ["bridge", bridgeEnv],
    ["standalone", { TELEGRAM_BOT_TOKEN: token, TELEGRAM_ALLOWED_USERS: "1" }],
    ["stdio", { CCTELEGRAM_URL: "https://mcp.example.com", CCTELEGRAM_API_KEY: "a-key-of-some-length" }],
  ])("of %s has log files when it is told where", (role, env) => {
    expect(load(role, { ...env, LOG_MAX_FILES: "9" })).not.toHaveProperty("logFiles");
    expect(load(role, env)).toMatchObject({ log: { level: "info", format: "json" } });
    const guide = { LOG_FORMAT: "text", LOG_MAX_SIZE: "10485760", LOG_MAX_FILES: "5" };
    expect(load(role, { ...env, ...guide, CC_TELEGRAM_LOGS_DIR: "/var/log/cctelegram" })).toMatchObject({
      log: { format: "text" },
      logFiles: { folder: "/var/log/cctelegram", maxBytes: 10_485_760, maxFiles: 5 },
    });
    expect(load(role, { ...env, LOGS_DIR: "~/logs", LOG_MAX_SIZE: "100MB" })).toMatchObject({
      logFiles: { folder: "/home/anna/logs", maxBytes: 104_857_600, maxFiles: 5 },
    });
    const homeless = () =>
      loadConfig(role, { env: { ...env, LOGS_DIR: "~" }, home: undefined, readFile: () => secret });
    expect(homeless).toThrow("CC_TELEGRAM_LOGS_DIR: is in the home directory, and this user has none");
  });

  test("cannot be changed after it was loaded", () => {
    const config = load("serve", serveEnv) as ServeConfig;
    expect(() => Object.assign(config.http, { port: 1 })).toThrow(TypeError);
  });

  test("takes upstream's and the guides' names, and their units", () => {
    const env = {
      ...serveEnv,
      HMAC_SECRET: undefined,
      MCP_HMAC_SECRET: secret,
      MCP_RATE_LIMIT_POINTS: "50",
      MCP_RATE_LIMIT_DURATION: "30",
      MCP_API_KEYS_FILE: undefined,
      API_KEYS: "first-key-of-the-guide,second-key-of-the-guide",
    };
    const config = load("serve", env) as ServeConfig;
    expect(config.hmac.secret).toBe(secret);
    expect(config.rateLimit).toMatchObject({ requests: 50, windowMs: 30_000 });
    expect(config.auth.keysJson).toContain("second-key-of-the-guide");
    const milliseconds = load("serve", { ...serveEnv, MCP_RATE_LIMIT_DURATION: "60000" }) as ServeConfig;
    expect(milliseconds.rateLimit.windowMs).toBe(60_000);
  });

  test("names the alias whose value is not usable", () => {
    const { message } = problems("serve", { ...serveEnv, PROMETHEUS_PORT: "ninety" });
    expect(message).toContain("METRICS_PORT: is not usable as PROMETHEUS_PORT gives it");
  });

  test("prefers a variable over its alias, and counts an empty one as not set", () => {
    const env = { ...serveEnv, MCP_RATE_LIMIT_REQUESTS: "7", MCP_RATE_LIMIT_POINTS: "8", LOG_LEVEL: "" };
    const config = load("serve", env) as ServeConfig;
    expect(config.rateLimit.requests).toBe(7);
    expect(config.log.level).toBe("info");
  });

  test("reads secrets from files and drops the line break at their end", () => {
    const env = { ...bridgeEnv, HMAC_SECRET: undefined, HMAC_SECRET_FILE: "/hmac" };
    expect(load("bridge", env, { "/hmac": `${secret}\n` })).toMatchObject({
      bridge: { hmac: { secret, path: "/hmac" } },
    });
    const late = { ...bridgeEnv, TELEGRAM_BOT_TOKEN: undefined, TELEGRAM_BOT_TOKEN_FILE: "/token" };
    const config = load("bridge", late, { "/token": token });
    expect(config).toMatchObject({ bridge: { telegram: { token, tokenFile: "/token" } } });
  });

  test("takes the secrets before and after from files that may be absent or empty, and hands on where they may come", () => {
    const previous = "the-secret-before-of-32-characters!";
    const files = { HMAC_SECRET_PREVIOUS_FILE: "/previous", HMAC_SECRET_NEXT_FILE: "/next" };
    const hmacOf = (role: "bridge" | "serve", contents: Record<string, string>) => {
      const config = load(role, { ...(role === "bridge" ? bridgeEnv : serveEnv), ...files }, contents);
      return config.role === "bridge" ? config.bridge.hmac : (config as ServeConfig).hmac;
    };
    for (const role of ["bridge", "serve"] as const) {
      expect(hmacOf(role, { "/previous": `${previous}\n` })).toEqual({
        secret,
        beside: [{ value: previous, path: "/previous" }, { path: "/next" }],
      });
      for (const contents of [{}, { "/previous": "\n" }] as Record<string, string>[]) {
        expect(hmacOf(role, contents)).toEqual({ secret, beside: [{ path: "/previous" }, { path: "/next" }] });
      }
      expect(() => hmacOf(role, { "/previous": "short" })).toThrow(/HMAC_SECRET_PREVIOUS/);
    }
  });

  test("takes proxies by the names that everybody uses", () => {
    const proxy = { HTTPS_PROXY: "http://user:word@proxy:3128", http_proxy: "proxy:8080", no_proxy: ".svc" };
    expect(load("bridge", { ...bridgeEnv, ...proxy })).toMatchObject({
      bridge: {
        telegram: { proxy: { https: "http://user:word@proxy:3128", http: "http://proxy:8080", none: ".svc" } },
      },
    });
    expect(load("bridge", { ...bridgeEnv, NO_PROXY: "*" })).not.toHaveProperty("bridge.telegram.proxy");
    expect(problems("bridge", { ...bridgeEnv, HTTPS_PROXY: "socks5://user:word@proxy" }).message).not.toContain("word");
  });

  test("reports every problem at once, with what is expected and an example", () => {
    const { message } = problems("serve", { MCP_SERVER_PORT: "99999", LOG_LEVEL: "loud", MCP_ENABLE_AUTH: "yes" });
    expect(message).toContain("Problems: 5");
    expect(message).toContain("MCP_SERVER_PORT: is not usable\n    expected: a whole number from 0 to 65535");
    expect(message).toContain("LOG_LEVEL: is not usable\n    expected: one of trace, debug");
    expect(message).toContain("MCP_ENABLE_AUTH: is not usable\n    expected: true or false");
    expect(message).toContain("HMAC_SECRET: is missing");
    expect(message).toContain("example:  BRIDGE_URL=http://team-bridge:9001");
  });

  test("never shows a secret in its complaints", () => {
    const env = {
      HMAC_SECRET: "short-secret",
      BRIDGE_URL: "http://bridge",
      MCP_API_KEYS: '{"my-very-secret-key-0123":{"permissions":"all"}}',
    };
    const { message, problems: found } = problems("serve", env);
    expect(found.map(({ variable }) => variable)).toEqual(["HMAC_SECRET", "MCP_API_KEYS"]);
    expect(message).not.toContain("short-secret");
    expect(message).not.toContain("my-very-secret-key");
    expect(problems("bridge", { ...bridgeEnv, TELEGRAM_BOT_TOKEN: "123:wrong" }).message).not.toContain("123:wrong");
    const broken = problems("serve", { ...serveEnv, MCP_API_KEYS_FILE: undefined, MCP_API_KEYS: '{"secret-key-0123"' });
    expect(broken.message).not.toContain("secret-key-0123");
  });

  test.each<[string, Service, Env]>([
    ["MCP_API_KEYS", "serve", { ...serveEnv, MCP_API_KEYS: '{"a-key-of-enough-length":{"name":"a"}}' }],
    ["MCP_API_KEYS", "serve", { ...serveEnv, MCP_API_KEYS_FILE: undefined }],
    ["HMAC_SECRET", "serve", { ...serveEnv, HMAC_SECRET_FILE: "/hmac" }],
    ["HMAC_SECRET", "bridge", { ...bridgeEnv, HMAC_SECRET: undefined, HMAC_SECRET_FILE: "/absent" }],
    ["BRIDGE_URL", "serve", { ...serveEnv, BRIDGE_URL: "team-bridge:9001" }],
    ["TELEGRAM_API_URL", "bridge", { ...bridgeEnv, TELEGRAM_API_URL: "http://user:pa55w0rd@localhost" }],
    ["TELEGRAM_API_URL", "bridge", { ...bridgeEnv, TELEGRAM_API_URL: "http://user@localhost" }],
    ["MCP_TRUSTED_PROXIES", "serve", { ...serveEnv, MCP_TRUSTED_PROXIES: "10.0.0.0/8, proxy" }],
    ["TELEGRAM_ALLOWED_USERS", "bridge", { ...bridgeEnv, TELEGRAM_ALLOWED_USERS: "anna" }],
    ["LOG_FORMAT", "serve", { ...serveEnv, LOG_FORMAT: "xml" }],
    ["LOG_MAX_SIZE", "serve", { ...serveEnv, LOG_MAX_SIZE: "10XB" }],
    ["LOG_MAX_SIZE", "serve", { ...serveEnv, LOG_MAX_SIZE: "1KB" }],
    ["LOG_MAX_FILES", "bridge", { ...bridgeEnv, LOG_MAX_FILES: "0" }],
    ["TELEGRAM_RATE_LIMIT_PER_CHAT", "bridge", { ...bridgeEnv, TELEGRAM_RATE_LIMIT_PER_CHAT: "0" }],
  ])("refuses a wrong %s of %s", (variable, role, env) => {
    expect(problems(role, env).problems.map((problem) => problem.variable)).toEqual([variable]);
  });

  test("does without keys on loopback, and elsewhere only when that is said twice", () => {
    const env = { ...serveEnv, MCP_API_KEYS_FILE: undefined, MCP_ENABLE_AUTH: "false" };
    for (const host of ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1", "localhost"]) {
      expect(load("serve", { ...env, MCP_SERVER_HOST: host })).toMatchObject({ auth: { enabled: false } });
    }
    for (const host of [undefined, "0.0.0.0", "::", "10.0.0.1", "pod.example"]) {
      const open = { ...env, MCP_SERVER_HOST: host };
      expect(problems("serve", open).message).toContain("MCP_ALLOW_UNAUTHENTICATED=true");
      expect(load("serve", { ...open, MCP_ALLOW_UNAUTHENTICATED: "true" })).toMatchObject({ auth: { enabled: false } });
    }
  });

  test("takes access tokens beside keys or instead of them, and only by what cannot be changed on the way", () => {
    const oauth = { MCP_OAUTH_ISSUER: "https://auth.example.com/", MCP_OAUTH_RESOURCE: "https://mcp.example.com/mcp/" };
    expect(load("serve", { ...serveEnv, ...oauth, MCP_OAUTH_SCOPE_PREFIX: "none" })).toMatchObject({
      auth: {
        takesKeys: true,
        keysFile: "/keys.json",
        oauth: {
          issuer: "https://auth.example.com/",
          resource: "https://mcp.example.com/mcp",
          scopes: { prefix: "", allowsAll: false },
        },
      },
    });
    expect(load("serve", serveEnv)).not.toHaveProperty("auth.oauth");
    const alone = { ...serveEnv, ...oauth, MCP_API_KEYS_FILE: undefined, MCP_ENABLE_API_KEYS: "false" };
    expect(load("serve", alone)).toMatchObject({ auth: { enabled: true, takesKeys: false } });
    const wrong = (env: Env) => problems("serve", { ...alone, ...env }).problems.map(({ variable }) => variable);
    expect(wrong({ MCP_OAUTH_ISSUER: undefined, MCP_OAUTH_RESOURCE: undefined })).toEqual(["MCP_OAUTH_ISSUER"]);
    expect(wrong({ MCP_OAUTH_ISSUER: undefined })).toEqual(["MCP_OAUTH_ISSUER"]);
    expect(wrong({ MCP_OAUTH_RESOURCE: undefined })).toEqual(["MCP_OAUTH_RESOURCE"]);
    expect(wrong({ MCP_ENABLE_AUTH: "false", MCP_ALLOW_UNAUTHENTICATED: "true" })).toEqual(["MCP_ENABLE_AUTH"]);
    for (const url of [
      "http://auth.example.com",
      "https://me:word@auth.example.com",
      "https://a.example/?b",
      "a.example",
    ]) {
      expect(wrong({ MCP_OAUTH_ISSUER: url })).toEqual(["MCP_OAUTH_ISSUER"]);
      expect(wrong({ MCP_OAUTH_JWKS_URL: url })).toEqual(["MCP_OAUTH_JWKS_URL"]);
    }
    expect(wrong({ MCP_OAUTH_RESOURCE: "https://mcp.example.com/:name/mcp" })).toEqual(["MCP_OAUTH_RESOURCE"]);
    expect(wrong({ MCP_OAUTH_SCOPE_PREFIX: "two words" })).toEqual(["MCP_OAUTH_SCOPE_PREFIX"]);
    expect(wrong({ MCP_OAUTH_OFFERED_PERMISSIONS: "send telegram" })).toEqual(["MCP_OAUTH_OFFERED_PERMISSIONS"]);
    expect(load("serve", { ...alone, MCP_OAUTH_ISSUER: "http://[::1]:8080" })).toHaveProperty("auth.oauth");
  });

  test("restricts names where a web page could come under a name of its own", () => {
    const hosts = (env: Env) => (load("serve", { ...serveEnv, ...env }) as ServeConfig).http.access.allowedHosts;
    expect(hosts({})).toBeUndefined();
    expect(hosts({ MCP_SERVER_HOST: "127.0.0.2" })).toEqual([]);
    expect(hosts({ MCP_ENABLE_AUTH: "false", MCP_ALLOW_UNAUTHENTICATED: "true" })).toEqual([]);
    expect(hosts({ MCP_ALLOWED_HOSTS: "MCP.example.com, [fd00::1]" })).toEqual(["mcp.example.com", "fd00::1"]);
  });

  test("takes origins as people write them", () => {
    const env = {
      ...serveEnv,
      MCP_ALLOWED_ORIGINS: "https://Tools.example.com/, http://a.example:8080,https://b.example:443",
    };
    expect((load("serve", env) as ServeConfig).http.access.allowedOrigins).toEqual([
      "https://tools.example.com",
      "http://a.example:8080",
      "https://b.example",
    ]);
  });

  test.each<[string, string]>([
    ["MCP_ALLOWED_ORIGINS", "*"],
    ["MCP_ALLOWED_ORIGINS", "https://*.example.com"],
    ["MCP_ALLOWED_ORIGINS", "tools.example.com"],
    ["MCP_ALLOWED_ORIGINS", "https://tools.example.com/path"],
    ["MCP_ALLOWED_ORIGINS", "https://user@tools.example.com"],
    ["MCP_ALLOWED_ORIGINS", "null"],
    ["MCP_ALLOWED_HOSTS", "https://mcp.example.com"],
    ["MCP_ALLOWED_HOSTS", "mcp.example.com:8080"],
    ["MCP_ALLOWED_HOSTS", "*"],
    ["MCP_TRUSTED_PROXIES", "10.0.0.0/99"],
    ["MCP_TRUSTED_PROXIES", "10.0.0.0/33"],
    ["MCP_TRUSTED_PROXIES", "10.0.0.0/0"],
    ["MCP_TRUSTED_PROXIES", "::/0"],
    ["MCP_TRUSTED_PROXIES", "fd00::/129"],
    ["MCP_TRUSTED_PROXIES", "10.0.0.0/8/8"],
    ["MCP_TRUSTED_PROXIES", "10.0.0.0/"],
    ["MCP_TRUSTED_PROXIES", "fe80::1%eth0"],
    ["MCP_SERVER_HOST", "not a host"],
    ["METRICS_HOST", "http://0.0.0.0"],
    ["BRIDGE_URL", "http://user:password@team-bridge:9001"],
    ["BRIDGE_URL", "http://team-bridge:9001/api"],
    ["BRIDGE_URL", "http://team-bridge:9001?x=1"],
    ["SERVICE_NAME", "name\u0007"],
  ])("refuses %s=%s", (variable, value) => {
    const { message, problems: found } = problems("serve", { ...serveEnv, [variable]: value });
    expect(found.map((problem) => problem.variable)).toEqual([variable]);
    expect(message).not.toContain("password");
  });

  test("takes Telegram ids up to the 52 bits that the Bot API promises", () => {
    const users = (ids: string) => ({ ...bridgeEnv, TELEGRAM_ALLOWED_USERS: ids });
    const most = 2 ** 52 - 1;
    const config = load("bridge", users(`${most},-${most}`));
    expect(config).toMatchObject({ bridge: { telegram: { allowedUsers: [most, -most] } } });
    expect(problems("bridge", users(`${2 ** 52}`)).problems).toHaveLength(1);
  });

  test("whatever stands in the variables, it is either usable or told as a list of problems", () => {
    const environments: Readonly<Record<Service, Env>> = {
      serve: serveEnv,
      bridge: bridgeEnv,
      stdio: { TELEGRAM_BOT_TOKEN: token, TELEGRAM_ALLOWED_USERS: "1" },
      standalone: { TELEGRAM_BOT_TOKEN: token, TELEGRAM_ALLOWED_USERS: "1" },
    };
    const names = Object.entries<Variable>(variables).flatMap(([name, variable]) => namesOf(name, variable));
    const garbage = [
      "-1",
      "1e9",
      "99999999999999999999",
      "0x10",
      "true,false",
      "[]",
      "{}",
      '{"a":1}',
      "null",
      "/",
      "http://",
      "::",
      "a/b/c",
    ];
    const value = fc.oneof(
      fc.constantFrom(...garbage),
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.webUrl(),
      fc.ipV6(),
    );
    fc.assert(
      fc.property(
        fc.constantFrom<Service>("serve", "bridge", "standalone", "stdio"),
        fc.constantFrom(...names),
        value,
        (role, name, given) => {
          try {
            load(role, { ...environments[role], [name]: given });
          } catch (error) {
            expect(error).toBeInstanceOf(ConfigError);
            expect(String(error)).not.toContain("    at ");
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  test("every variable's example satisfies its own schema, and --help names every variable", () => {
    const help = helpText();
    for (const [name, variable] of Object.entries<Variable>(variables)) {
      expect(help).toContain(name);
      // The secret's example is the command that makes one.
      if (name !== "HMAC_SECRET") expect(variable.schema.safeParse(variable.example).success, name).toBe(true);
    }
  });

  test("the version is that of package.json", () => {
    expect(version).toBe(packageJson.version);
  });
});

describe("how the bridge hears what people say", () => {
  const updatesOf = (role: Service, env: Env) => {
    const config = load(role, env);
    return "bridge" in config ? config.bridge.telegram.updates : undefined;
  };
  const url = "https://bot.example.com/telegram/updates";

  test("knows the administrators among those who may talk to the bot; without a list it is all of them", () => {
    const adminsOf = (ids: string) => {
      const config = load("bridge", { ...bridgeEnv, TELEGRAM_ALLOWED_USERS: "1,2,-3", TELEGRAM_ADMINS: ids });
      return "bridge" in config ? config.bridge.telegram.admins : undefined;
    };
    expect(adminsOf("")).toBeUndefined();
    expect(adminsOf("2, 1")).toEqual([2, 1]);
    for (const role of ["bridge", "standalone", "stdio"] as const) {
      const stranger = { ...bridgeEnv, TELEGRAM_ALLOWED_USERS: "1,2", TELEGRAM_ADMINS: "1,7" };
      expect(problems(role, stranger).message).toContain("TELEGRAM_ADMINS: names 7, who is not in");
    }
    const group = { ...bridgeEnv, TELEGRAM_ALLOWED_USERS: "1,-3", TELEGRAM_ADMINS: "-3" };
    expect(problems("bridge", group).message).toContain("TELEGRAM_ADMINS");
  });

  test("pairs new people only where it is told to", () => {
    const pairing = (env: object) => {
      const config = load("bridge", { ...bridgeEnv, ...env });
      return "bridge" in config ? config.bridge.telegram.pairing : undefined;
    };
    expect(pairing({})).toBe("None");
    expect(pairing({ TELEGRAM_PAIRING: "Code" })).toBe("Code");
    expect(problems("bridge", { ...bridgeEnv, TELEGRAM_PAIRING: "yes" }).message).toContain("TELEGRAM_PAIRING");
  });

  test("reads files of projects below the working directory as stdio, where it is told to, and as a pod never", () => {
    const rootsOf = (role: Service, roots: string) => {
      const config = load(role, { ...bridgeEnv, ...(roots && { CC_TELEGRAM_PROJECT_ROOTS: roots }) });
      return "projects" in config ? config.projects.roots : undefined;
    };
    expect(rootsOf("stdio", "")).toEqual(["."]);
    expect(rootsOf("stdio", ",")).toEqual([]);
    expect(rootsOf("standalone", "")).toEqual([]);
    expect(rootsOf("standalone", "~/work, /srv")).toEqual(["/home/anna/work", "/srv"]);
    expect(rootsOf("bridge", "/srv")).toBeUndefined();
  });

  test("is by polling where it runs alone, and not at all as a pod unless that is said", () => {
    expect(updatesOf("standalone", bridgeEnv)).toEqual({ mode: "Polling" });
    expect(updatesOf("stdio", bridgeEnv)).toEqual({ mode: "Polling" });
    expect(updatesOf("bridge", bridgeEnv)).toEqual({ mode: "None" });
    expect(updatesOf("bridge", { ...bridgeEnv, TELEGRAM_UPDATES: "Polling" })).toEqual({ mode: "Polling" });
  });

  test("is by a webhook only with an address that Telegram can call", () => {
    const webhook = { ...bridgeEnv, TELEGRAM_UPDATES: "Webhook" };
    expect(updatesOf("bridge", { ...webhook, TELEGRAM_WEBHOOK_URL: url })).toEqual({ mode: "Webhook", url });
    expect(problems("bridge", webhook).message).toContain("TELEGRAM_WEBHOOK_URL: is missing beside");
    const plain = { ...webhook, TELEGRAM_WEBHOOK_URL: "http://bot.example.com/telegram/updates" };
    expect(problems("bridge", plain).message).toContain("is no https URL");
    expect(updatesOf("bridge", { ...plain, TELEGRAM_API_URL: "http://bot-api:8081" })).toMatchObject({
      mode: "Webhook",
    });
    const apart = { ...webhook, TELEGRAM_WEBHOOK_URL: url, TELEGRAM_WEBHOOK_PORT: "9002" };
    expect(updatesOf("bridge", apart)).toEqual({ mode: "Webhook", url, port: 9002 });
    for (const path of ["", "/", "/:id", "/a*", "/a%20b"]) {
      const wrong = { ...apart, TELEGRAM_WEBHOOK_URL: `https://bot.example.com${path}` };
      expect(problems("bridge", wrong).message).toContain("needs a path of letters");
    }
    expect(problems("stdio", webhook).message).toContain("it listens nowhere");
    expect(problems("bridge", { ...bridgeEnv, TELEGRAM_UPDATES: "Telepathy" }).message).toContain("TELEGRAM_UPDATES");
  });
});

describe("a bridge", () => {
  test("makes no sound in the hours of a time zone that this machine knows", () => {
    const telegramOf = (env: Record<string, string>) => {
      const { telegram } = (load("bridge", { ...bridgeEnv, ...env }) as BridgeRoleConfig).bridge;
      return { quietHours: telegram.quietHours, timeZone: telegram.timeZone };
    };
    expect(telegramOf({})).toEqual({ quietHours: undefined, timeZone: "UTC" });
    const env = { TELEGRAM_QUIET_HOURS: "22:00-07:00 Fri,Sat", CC_TELEGRAM_TIMEZONE: "Europe/Berlin" };
    expect(telegramOf(env)).toEqual({
      quietHours: { start: "22:00", end: "07:00", days: ["Fri", "Sat"] },
      timeZone: "Europe/Berlin",
    });
    const wrong = { ...bridgeEnv, TELEGRAM_QUIET_HOURS: "at night", CC_TELEGRAM_TIMEZONE: "Europe/Atlantis" };
    expect(problems("bridge", wrong).message).toMatch(
      /TELEGRAM_QUIET_HOURS[\s\S]*CC_TELEGRAM_TIMEZONE|CC_TELEGRAM_TIMEZONE[\s\S]*TELEGRAM_QUIET_HOURS/,
    );
  });
});

describe("chats and routes", () => {
  const chats = [
    { name: "ops", id: -100, topic: 7 },
    { name: "news", id: "@team_news" },
  ];
  const routes = [{ severities: ["critical"], sources: ["Nächtlich *"], chats: ["ops", "allowedUsers"] }];
  const env = (more: Env) => ({ ...bridgeEnv, ...more });

  test("are JSON, and none by default", () => {
    const given = env({ TELEGRAM_CHATS: JSON.stringify(chats), TELEGRAM_ROUTES: JSON.stringify(routes) });
    for (const role of ["bridge", "standalone", "stdio"] as const) {
      expect(load(role, given)).toMatchObject({ bridge: { telegram: { chats, routes } } });
      expect(load(role, bridgeEnv)).toMatchObject({ bridge: { telegram: { chats: [], routes: [] } } });
    }
  });

  test.each<[string, Env, RegExp]>([
    [
      "no JSON",
      { TELEGRAM_CHATS: "ops=-100" },
      /TELEGRAM_CHATS: is not usable\n {4}expected: a JSON list as in the example\n/,
    ],
    [
      "a name with capitals",
      { TELEGRAM_CHATS: '[{"name":"Ops","id":-1}]' },
      /a JSON list as in the example \(0.name: /,
    ],
    [
      "the name that stands for the allowed users",
      { TELEGRAM_CHATS: '[{"name":"allowedUsers","id":-1}]' },
      /\(0.name: /,
    ],
    ["0 for an id", { TELEGRAM_CHATS: '[{"name":"ops","id":0}]' }, /\(0.id: /],
    ["a public name without @", { TELEGRAM_CHATS: '[{"name":"ops","id":"team_news"}]' }, /\(0.id: /],
    ["a field that there is not", { TELEGRAM_CHATS: '[{"name":"ops","id":-1,"thread":7}]' }, /TELEGRAM_CHATS/],
    ["an empty list", { TELEGRAM_ROUTES: '[{"clients":[],"chats":["allowedUsers"]}]' }, /\(0.clients: /],
    [
      "a chat that there is not",
      { TELEGRAM_ROUTES: '[{"clients":["ci"],"chats":["ops"]}]' },
      /route 1 names the chat "ops"/,
    ],
    [
      "a route of everything by mistake",
      { TELEGRAM_ROUTES: '[{"chats":["allowedUsers"]}]' },
      /route 1 matches nothing/,
    ],
    [
      "two chats of one name",
      { TELEGRAM_CHATS: '[{"name":"ops","id":-1},{"name":"ops","id":-2}]' },
      /two chats are named "ops"/,
    ],
  ])("are refused with what is wrong: %s", (_what, more, words) => {
    for (const role of ["bridge", "stdio"] as const) expect(problems(role, env(more)).message).toMatch(words);
  });
});
