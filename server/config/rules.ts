import { normalize } from "node:path";
import type { Problem } from "../../config/config-error.ts";
import { routingProblems } from "../../contract/chats.ts";
import type { Role } from "../../contract/roles.ts";
import { ApiKeysError, parseApiKeysVariable } from "../access/api-keys.ts";
import { isLoopback } from "../listening/web-access.ts";
import { type Values, type VariableName, variables } from "./variables.ts";

/** The beginning of a path in the home directory. */
export const inHome = /^~(?=\/|$)/;

/** What is wrong with variables that are each usable by themselves. `home` is undefined for a user without one. */
export function problemsTogether(role: Role, values: Values, home: string | undefined): Problem[] {
  if (role === "stdio") return stdioProblems(values, home);
  const bridging = [...bridgeProblems(values, home), ...webhookProblems(values)];
  const serving = [...keyProblems(role, values), ...oauthProblems(values)];
  return [...serving, ...exposureProblems(values), ...tlsProblems(values), ...bridging];
}

/** Without a server elsewhere the process needs what a bridge needs. */
function stdioProblems(values: Values, home: string | undefined): Problem[] {
  const isRemote = values.CCTELEGRAM_URL !== undefined;
  const hasKey = values.CCTELEGRAM_API_KEY !== undefined;
  if (isRemote) {
    const keyless = hasKey ? [] : [missing("CCTELEGRAM_API_KEY", "is missing beside CCTELEGRAM_URL")];
    return [...keyless, ...homeProblems(values, home)];
  }
  if (hasKey) return [missing("CCTELEGRAM_URL", "is missing beside CCTELEGRAM_API_KEY")];
  const needed = (["TELEGRAM_BOT_TOKEN", "TELEGRAM_ALLOWED_USERS"] as const).filter(
    (name) => values[name] === undefined,
  );
  const problem = "is missing, and so is the CCTELEGRAM_URL of a server that has it";
  const hidden = values.TELEGRAM_UPDATES === "Webhook" ? [noPort()] : [];
  return [...needed.map((name) => missing(name, problem)), ...bridgeProblems(values, home), ...hidden];
}

function bridgeProblems(values: Values, home: string | undefined): Problem[] {
  return [...homeProblems(values, home), ...folderProblems(values), ...chatProblems(values), ...adminProblems(values)];
}

function noPort(): Problem {
  const { example } = variables.TELEGRAM_UPDATES;
  const problem = "is Webhook, and nobody can call this process: it listens nowhere";
  return { variable: "TELEGRAM_UPDATES", problem, expected: "Polling or None", example };
}

function webhookProblems({
  TELEGRAM_UPDATES: mode,
  TELEGRAM_WEBHOOK_URL: hook,
  TELEGRAM_WEBHOOK_PORT: ownPort,
  TELEGRAM_API_URL: api,
}: Values): Problem[] {
  if (mode !== "Webhook") return [];
  if (hook === undefined) return [missing("TELEGRAM_WEBHOOK_URL", "is missing beside TELEGRAM_UPDATES=Webhook")];
  if (ownPort !== undefined && !/^(\/[A-Za-z0-9._~-]+)+$/.test(URL.parse(hook)?.pathname ?? ""))
    return [
      missing("TELEGRAM_WEBHOOK_URL", "needs a path of letters, digits and . _ ~ - beside TELEGRAM_WEBHOOK_PORT"),
    ];
  if (hook.startsWith("https:") || api !== variables.TELEGRAM_API_URL.default) return [];
  return [missing("TELEGRAM_WEBHOOK_URL", "is no https URL: Telegram calls no other")];
}

/** Who may not talk to the bot is no administrator of it, whatever the list says. */
function adminProblems({ TELEGRAM_ADMINS: admins = [], TELEGRAM_ALLOWED_USERS: people = [] }: Values): Problem[] {
  const strangers = admins.filter((id) => !people.includes(id));
  if (strangers.length === 0) return [];
  return [missing("TELEGRAM_ADMINS", `names ${strangers.join(", ")}, who is not in TELEGRAM_ALLOWED_USERS`)];
}

function missing(variable: VariableName, problem: string): Problem {
  const { description: expected, example } = variables[variable];
  return { variable, problem, expected, example };
}

function keyProblems(role: Role, values: Values): Problem[] {
  const { MCP_ENABLE_AUTH: enabled, MCP_ENABLE_API_KEYS: takesKeys, MCP_API_KEYS: keys } = values;
  if (!enabled || takesKeys === false) return [];
  const row = { variable: "MCP_API_KEYS", expected: variables.MCP_API_KEYS.description };
  const problem = { ...row, example: variables.MCP_API_KEYS.example };
  if (keys?.value)
    return unusableKeys(keys.value).map((reason) => ({ ...problem, problem: `is not usable: ${reason}` }));
  return keys || role === "standalone" ? [] : [{ ...problem, problem: "is missing, and so is MCP_API_KEYS_FILE" }];
}

/** Who may call is decided by keys, by tokens or by both, but not by nobody's. */
function oauthProblems(values: Values): Problem[] {
  const { MCP_OAUTH_ISSUER: issuer, MCP_OAUTH_RESOURCE: resource } = values;
  if (issuer !== undefined) {
    const off =
      values.MCP_ENABLE_AUTH === false ? [missing("MCP_ENABLE_AUTH", "is false beside MCP_OAUTH_ISSUER")] : [];
    return resource === undefined ? [...off, missing("MCP_OAUTH_RESOURCE", "is missing beside MCP_OAUTH_ISSUER")] : off;
  }
  const alone = (["MCP_OAUTH_RESOURCE", "MCP_OAUTH_JWKS_URL"] as const).filter((name) => values[name] !== undefined);
  const problems = alone.map((name) => missing("MCP_OAUTH_ISSUER", `is missing beside ${name}`)).slice(0, 1);
  if (values.MCP_ENABLE_API_KEYS !== false || values.MCP_ENABLE_AUTH === false || problems.length > 0) return problems;
  return [missing("MCP_OAUTH_ISSUER", "is missing beside MCP_ENABLE_API_KEYS=false: nobody could call")];
}

function exposureProblems(values: Values): Problem[] {
  const { MCP_ENABLE_AUTH: enabled, MCP_SERVER_HOST: host, MCP_ALLOW_UNAUTHENTICATED: allowed } = values;
  if (enabled !== false || host === undefined || isLoopback(host) || allowed) return [];
  const expected = "true, or MCP_SERVER_HOST=127.0.0.1, or also MCP_ALLOW_UNAUTHENTICATED=true if that is meant";
  const problem = `is false, and ${host} can be reached by others: anybody could send messages`;
  return [{ variable: "MCP_ENABLE_AUTH", problem, expected, example: variables.MCP_ENABLE_AUTH.example }];
}

/** One of them alone would leave the port without TLS, and nobody would notice. */
function tlsProblems({ TLS_CERT_PATH: cert, TLS_KEY_PATH: key }: Values): Problem[] {
  if ((cert === undefined) === (key === undefined)) return [];
  return cert === undefined
    ? [missing("TLS_CERT_PATH", "is missing beside TLS_KEY_PATH")]
    : [missing("TLS_KEY_PATH", "is missing beside TLS_CERT_PATH")];
}

function chatProblems({ TELEGRAM_CHATS: chats, TELEGRAM_ROUTES: routes }: Values): Problem[] {
  if (chats === undefined || routes === undefined) return [];
  const { description: expected, example } = variables.TELEGRAM_ROUTES;
  return routingProblems(chats, routes).map((problem) => ({
    variable: "TELEGRAM_ROUTES",
    problem: `is not usable with TELEGRAM_CHATS: ${problem}`,
    expected,
    example,
  }));
}

function homeProblems(values: Values, home: string | undefined): Problem[] {
  if (home !== undefined) return [];
  const directories = [
    "CC_TELEGRAM_DATA_DIR",
    "CC_TELEGRAM_LOGS_DIR",
    "EVENTS_DIR",
    "CC_TELEGRAM_RESPONSES_DIR",
  ] as const;
  const inNone = directories.filter((variable) => inHome.test(values[variable] ?? ""));
  return inNone.map((variable) => missing(variable, "is in the home directory, and this user has none"));
}

/** What lies in the folder of events is taken for an event, and moved away or deleted. */
function folderProblems({ EVENTS_DIR: events, ...values }: Values): Problem[] {
  if (events === undefined) return [];
  const path = (folder: string) => normalize(`${folder}/`);
  const same = (["CC_TELEGRAM_DATA_DIR", "CC_TELEGRAM_RESPONSES_DIR"] as const).filter((name) => {
    const other = values[name];
    return other !== undefined && path(other) === path(events);
  });
  return same.map((name) => missing("EVENTS_DIR", `is the folder of ${name}, too: events need one of their own`));
}

function unusableKeys(json: string): string[] {
  try {
    parseApiKeysVariable(json);
    return [];
  } catch (error) {
    if (error instanceof ApiKeysError) return [error.message];
    throw error;
  }
}
