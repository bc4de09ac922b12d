import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { namesOf, type Variable } from "../../../config/variable.ts";
import { hashedKey } from "../../../contract/api-key.ts";
import type { Service } from "../../../contract/roles.ts";
import { reservedVariables } from "../../../operator/api/pod.ts";
import type { Blueprint } from "../../../operator/deployment/blueprint.ts";
import { bridgeEnvironment, serverEnvironment } from "../../../operator/deployment/desired/configuration.ts";
import { apiKeysSecret, connectionSecrets, hmacSecret } from "../../../operator/deployment/desired/secrets.ts";
import type { KubernetesObject } from "../../../operator/runtime/kubernetes-object.ts";
import { findClient, parseApiKeys } from "../../../server/access/api-keys.ts";
import { type Config, loadConfig, type ServeConfig } from "../../../server/config/config.ts";
import { variables } from "../../../server/config/variables.ts";
import { arbitraryBlueprint, blueprint, ownKeyOf, previousKeyOf, specOf } from "./support/blueprint.ts";

const token = "123456789:AAExampleExampleExampleExampleExample";
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "server-contract-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const dataOf = (object: KubernetesObject, key: string) =>
  Buffer.from((object.data as Record<string, string>)[key] ?? "", "base64").toString();

/** The files that the pods mount, by the last two parts of their paths, and the environment that names them. */
function mounted(blueprint: Blueprint, environment: Record<string, string>): Record<string, string> {
  const files: Record<string, string> = {
    "hmac-secret": dataOf(hmacSecret(blueprint).object, "secret"),
    "api-keys-api-keys.json": dataOf(apiKeysSecret(blueprint).object, "api-keys.json"),
    "telegram-token": `${token}\n`,
  };
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => {
      if (!name.endsWith("_FILE")) return [name, value];
      const file = `${basename(dirname(value))}-${basename(value)}`;
      writeFileSync(join(folder, file), files[file] ?? "");
      return [name, join(folder, file)];
    }),
  );
}

const configOf = <R extends Service>(role: R, env: Record<string, string>) =>
  loadConfig(role, {
    env: { ...env, INSTANCE_ID: "team-pod-0" },
    home: "/nonexistent",
    readFile: (path) => readFileSync(path, "utf8"),
  }) as Extract<Config, { role: R }>;

test("every variable that the operator sets is reserved, so that no other field can set it", () => {
  fc.assert(
    fc.property(arbitraryBlueprint, (blueprint) => {
      const names = [...Object.keys(serverEnvironment(blueprint)), ...Object.keys(bridgeEnvironment(blueprint))];
      expect(names.filter((name) => !(reservedVariables as readonly string[]).includes(name))).toEqual([]);
    }),
  );
});

test("so is every other name of it", () => {
  const isReserved = (name: string) => (reservedVariables as readonly string[]).includes(name);
  const names = Object.entries<Variable>(variables).flatMap(([name, variable]) =>
    isReserved(name) ? namesOf(name, variable) : [],
  );
  expect(names).toContain("API_KEYS_FILE");
  expect(names.filter((name) => !isReserved(name))).toEqual([]);
});

test("the server accepts the environment of its pods, whatever the spec says", () => {
  fc.assert(
    fc.property(arbitraryBlueprint, (blueprint) => {
      const config = configOf("serve", mounted(blueprint, serverEnvironment(blueprint)));
      const { rateLimit } = blueprint.spec.server;
      expect(config.hmac.secret).toBe(blueprint.hmac.current);
      expect(config.service.instance).toBe("team-pod-0");
      expect(config.auth.enabled).toBe(true);
      expect(config.http.port).toBe(8080);
      expect(config.metrics).toMatchObject({ enabled: true, port: 9090 });
      expect(config.rateLimit).toMatchObject({
        enabled: rateLimit.mode === "Enabled",
        requests: rateLimit.requests,
        windowMs: rateLimit.windowSeconds * 1000,
        blockMs: rateLimit.blockSeconds * 1000,
        sharedRequests: rateLimit.requests * 10,
      });
      const { mode, authenticationFailures, exceededLimits } = blueprint.spec.server.bans;
      const rule = ({ count, windowSeconds, banSeconds }: typeof exceededLimits) => ({
        strikes: count,
        windowMs: windowSeconds * 1000,
        banMs: banSeconds * 1000,
      });
      expect(config.bans).toEqual({
        enabled: mode === "Enabled",
        failures: rule(authenticationFailures),
        limits: rule(exceededLimits),
      });
    }),
  );
});

test("the server takes the access tokens that the spec says, and no others", () => {
  fc.assert(
    fc.property(arbitraryBlueprint, (blueprint) => {
      const { auth } = configOf("serve", mounted(blueprint, serverEnvironment(blueprint)));
      const { oauth } = blueprint.spec.server.auth;
      expect(auth.takesKeys).toBe(true);
      const prefix = oauth?.scopePrefix === "none" ? "" : oauth?.scopePrefix;
      expect(auth.oauth).toEqual(
        oauth && {
          issuer: oauth.issuer,
          resource: (oauth.resource ?? blueprint.url).replace(/\/+$/, ""),
          scopes: { prefix, allowsAll: oauth.allScope === "Enabled" },
          ...(oauth.jwksUrl && { jwksUrl: oauth.jwksUrl }),
          ...(oauth.offeredPermissions && { offered: oauth.offeredPermissions }),
        },
      );
    }),
  );
});

test("the server listens, believes and answers as the exposure says", () => {
  fc.assert(
    fc.property(arbitraryBlueprint, (blueprint) => {
      const { http } = configOf("serve", mounted(blueprint, serverEnvironment(blueprint)));
      const { exposure, networkPolicy, server } = blueprint.spec;
      const isProxied = exposure.mode === "Ingress" || exposure.mode === "HTTPRoute";
      expect(http.proxyPort).toBe(isProxied && networkPolicy.mode === "Restricted" ? 8082 : undefined);
      expect(http.externalPort).toBe(exposure.mode === "LoadBalancer" ? 8083 : undefined);
      expect(http.secondPort).toBe(server.secondPort);
      expect(http.basePath).toBe(isProxied ? (exposure.path ?? "") : "");
      expect(http.trustedProxies).toEqual(server.trustedProxies ?? []);
      expect(http.access.allowedOrigins).toEqual(expect.arrayContaining([...(server.allowedOrigins ?? [])]));
      if (exposure.mode !== "None" && exposure.host) {
        expect(http.access.allowedOrigins).toContain(new URL(blueprint.url).origin);
        expect(http.access.allowedHosts).toContain(new URL(blueprint.url).hostname);
        expect(http.access.allowedHosts).toContain(`${blueprint.name}-mcp-server.tools.svc`);
      }
    }),
  );
});

test("the bridge accepts the environment of its pod, whatever the spec says", () => {
  fc.assert(
    fc.property(arbitraryBlueprint, (blueprint) => {
      const { bridge } = configOf("bridge", mounted(blueprint, bridgeEnvironment(blueprint)));
      const { telegram, bridge: spec } = blueprint.spec;
      expect(bridge).toMatchObject({
        port: 9001,
        dataDir: "/var/lib/cctelegram",
        hmac: { secret: blueprint.hmac.current },
        queueSizeLimit: spec.queue.maxMessages,
        deduplicationMs: (spec.queue.deduplicationSeconds ?? 0) * 1_000,
        telegram: {
          token,
          allowedUsers: telegram.allowedUsers,
          chats: telegram.chats ?? [],
          routes: telegram.routes ?? [],
          timeZone: telegram.timeZone ?? "UTC",
          messageStyle: telegram.messageStyle ?? "concise",
          messagesPerSecond: spec.limits.messagesPerSecond,
          messagesPerChatPerSecond: spec.limits.messagesPerChatPerSecond,
        },
      });
    }),
  );
});

test("a resource without chats and routes has no variables for them, so that its pods stay as they are", () => {
  for (const fields of [{}, { chats: [], routes: [] }]) {
    const names = Object.keys(bridgeEnvironment(blueprint(specOf({ telegram: { ...specOf().telegram, ...fields } }))));
    expect(names.filter((name) => /CHATS|ROUTES/.test(name))).toEqual([]);
  }
});

test("a resource that says nothing of style and deduplication has no variables for them, so that its pods stay as they are", () => {
  const names = Object.keys(bridgeEnvironment(blueprint(specOf())));
  expect(names.filter((name) => /STYLE|DEDUPLICATION/.test(name))).toEqual([]);
});

test("the most chats and routes that a spec can hold fit into variables of a process", () => {
  const full = (length: number, text: string) =>
    Array.from({ length }, (_, index) => `${index}`.padStart(2, "0") + text);
  const telegram = {
    ...specOf().telegram,
    chats: full(50, "x".repeat(38)).map((name) => ({ name, id: `@${"x".repeat(32)}`, topic: 2_147_483_647 })),
    routes: Array.from({ length: 20 }, () => ({
      eventTypes: full(20, "x".repeat(62)),
      sources: full(10, "𝄞".repeat(31)),
      severities: full(10, "x".repeat(30)),
      clients: full(10, "x".repeat(62)),
      chats: full(20, "x".repeat(38)),
    })),
  };
  const environment = bridgeEnvironment(blueprint(specOf({ telegram })));
  // Linux: MAX_ARG_STRLEN. Kubernetes expands $(NAME).
  for (const [name, value] of Object.entries(environment)) {
    // The API server counts characters, so that a text may have twice as many bytes as zod lets it have.
    expect(Buffer.byteLength(`${name}=${value}`) + 20 * 10 * 31 * 4).toBeLessThan(131_072);
    expect(value).not.toContain("$");
  }
  expect(Object.keys(environment)).toEqual(expect.arrayContaining(["TELEGRAM_CHATS", "TELEGRAM_ROUTES"]));
});

test("the bridge hears by the webhook only where Telegram can call it, on a port of its own and at the path of the proxy", () => {
  fc.assert(
    fc.property(arbitraryBlueprint, (blueprint) => {
      const { updates } = configOf("bridge", mounted(blueprint, bridgeEnvironment(blueprint))).bridge.telegram;
      const { exposure } = blueprint.spec;
      const leads = (exposure.mode === "Ingress" || exposure.mode === "HTTPRoute") && exposure.scheme !== "http";
      const { origin } = new URL(blueprint.url);
      const webhook = { mode: "Webhook", url: `${origin}${exposure.path ?? ""}/telegram/updates`, port: 9002 };
      const others = { mode: blueprint.updates === "Polling" ? "Polling" : "None" };
      expect(updates).toEqual(blueprint.updates === "Webhook" && leads ? webhook : others);
    }),
  );
});

test("server and bridge agree on their secret and their port", () => {
  const one = blueprint(specOf());
  const server: ServeConfig = configOf("serve", mounted(one, serverEnvironment(one)));
  const { bridge } = configOf("bridge", mounted(one, bridgeEnvironment(one)));
  expect(server.bridgeClient.url).toBe(`http://team-bridge.tools.svc:${bridge.port}`);
  expect(server.hmac).toEqual(bridge.hmac);
  expect(server.hmac).toMatchObject({
    path: expect.stringMatching(/hmac-secret$/),
    beside: [{ path: expect.stringMatching(/previous$/) }, { path: expect.stringMatching(/next$/) }],
  });
});

test("the key of each connection Secret is the key of its client, unless that is switched off", () => {
  fc.assert(
    fc.property(arbitraryBlueprint, (blueprint) => {
      const keys = parseApiKeys(dataOf(apiKeysSecret(blueprint).object, "api-keys.json"));
      for (const [index, client] of blueprint.spec.server.auth.clients.entries()) {
        const connection = connectionSecrets(blueprint)[index]!.object;
        const found = findClient(keys, client.keySecretRef ? ownKeyOf(index) : dataOf(connection, "key"));
        if (client.access === "Disabled") expect(found).toBeUndefined();
        else expect(found).toMatchObject({ name: client.name, permissions: new Set(client.permissions) });
      }
    }),
  );
});

test("a key from before the rotation of a client's key may do what the new one may, until its end", () => {
  fc.assert(
    fc.property(arbitraryBlueprint, (blueprint) => {
      const keys = parseApiKeys(dataOf(apiKeysSecret(blueprint).object, "api-keys.json"));
      for (const [index, { name, access, permissions }] of blueprint.spec.server.auth.clients.entries()) {
        const found = findClient(keys, previousKeyOf(index));
        if (access === "Disabled" || blueprint.previousKeys.length === 0) expect(found).toBeUndefined();
        else {
          const expiresAt = Date.parse("2026-12-01T00:00:00Z");
          expect(found).toMatchObject({ name, permissions: new Set(permissions), expiresAt });
        }
      }
    }),
  );
});

test("a client's key ends when the spec says so, and has limits of its own", () => {
  const claude = { name: "claude", expires: "2027-01-31T12:00:00.5+02:00", requests: 7 };
  const one = blueprint(specOf({ server: { auth: { clients: [claude, { name: "codex" }] } } }));
  const file = JSON.parse(dataOf(apiKeysSecret(one).object, "api-keys.json"));
  const entry = (name: string) => file[hashedKey(one.keys.get(name)?.current ?? "")];
  expect(entry("claude")).toEqual({
    name: "claude",
    permissions: [],
    enabled: true,
    expires: "2027-01-31T10:00:00.500Z",
    limit: { requests: 7 },
  });
  expect(entry("codex")).toEqual({ name: "codex", permissions: [], enabled: true });
});

test("all keys together have a limit when it is set, else the server's own", () => {
  const total = (rateLimit: object) =>
    serverEnvironment(blueprint(specOf({ server: { rateLimit } }))).MCP_RATE_LIMIT_GLOBAL_REQUESTS;
  expect([total({ totalRequests: 500 }), total({ totalRequests: 0 }), total({})]).toEqual(["500", "0", undefined]);
});

test("fields that a tool does not know are refused when asked for, else the server decides", () => {
  const strict = (server: object) => serverEnvironment(blueprint(specOf({ server }))).INPUT_VALIDATION_STRICT;
  expect([strict({ inputValidation: "Strict" }), strict({ inputValidation: "Lenient" }), strict({})]).toEqual([
    "true",
    undefined,
    undefined,
  ]);
});

test("the operator's own key may call no tool", () => {
  const one = blueprint(specOf());
  const keys = parseApiKeys(dataOf(apiKeysSecret(one).object, "api-keys.json"));
  expect(findClient(keys, one.verifierKey)).toMatchObject({ name: "cctelegram-operator", permissions: new Set() });
});

test("mcp.json of a connection Secret is a client configuration with its URL and key", () => {
  const one = blueprint(specOf({ server: { auth: { clients: [{ name: "claude" }] } } }));
  const { object } = connectionSecrets(one)[0]!;
  expect(JSON.parse(dataOf(object, "mcp.json"))).toEqual({
    mcpServers: {
      cctelegram: {
        type: "http",
        url: "http://team-mcp-server.tools.svc:8080/mcp",
        headers: { "X-API-Key": dataOf(object, "key") },
      },
    },
  });
});
