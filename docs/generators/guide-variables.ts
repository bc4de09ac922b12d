import { namesOf, type Table } from "../../config/variable.ts";
import { code, codes, page, table } from "./markdown.ts";

/** A variable that a deployment guide names, and the lines where it does. */
export type GuideVariable = {
  readonly name: string;
  readonly enterprise?: readonly number[];
  readonly production?: readonly number[];
  /** Whose it is, if no program of CCTelegram reads it in the guide either. */
  readonly notOurs?: string;
};

/** Shows what most of them change. */
const effects = "test/guides/effects.process.test.ts";
const otherTests: Readonly<Record<string, string>> = {
  MCP_API_KEYS: "test/server/answers.process.test.ts",
  TELEGRAM_BOT_TOKEN: "test/server/standalone.process.test.ts",
  SECURITY_AUDIT_LOG: "test/server/audit.test.ts",
  INPUT_VALIDATION_STRICT: "test/server/http/strict-input.test.ts",
  TLS_CERT_PATH: "test/server/http/tls.test.ts",
  TLS_KEY_PATH: "test/server/http/tls.test.ts",
  TLS_MIN_VERSION: "test/server/http/tls.test.ts",
  BACKUP_DIR: "test/server/backup/backup.process.test.ts",
};
/** Shows that those without an effect are told of. */
const untold = "test/guides/variables.test.ts";

const grafana = "Grafana's";
const script = "of a script of the guide itself";
const systemd = "systemd's";

/** Every variable of the two guides, in their order. */
export const guideVariables: readonly GuideVariable[] = [
  {
    name: "NODE_ENV",
    enterprise: [127, 298, 499],
    production: [504],
    notOurs: "a convention among packages for Node.js; the image sets it",
  },
  { name: "MCP_ENABLE_AUTH", enterprise: [128, 303] },
  { name: "MCP_ENABLE_RATE_LIMIT", enterprise: [129, 304] },
  { name: "LOG_LEVEL", enterprise: [130, 317], production: [185] },
  { name: "RUST_LOG", enterprise: [156], production: [186] },
  { name: "TELEGRAM_BOT_TOKEN_FILE", enterprise: [157, 341] },
  { name: "GF_SECURITY_ADMIN_PASSWORD_FILE", enterprise: [196], notOurs: grafana },
  { name: "MCP_API_KEYS", enterprise: [237, 827] },
  { name: "SERVICE_NAME", enterprise: [299], production: [851, 862, 885, 891, 894, 896] },
  { name: "SERVICE_VERSION", enterprise: [300] },
  { name: "MCP_ENABLE_INPUT_VALIDATION", enterprise: [305] },
  { name: "MCP_ENABLE_SECURE_LOGGING", enterprise: [306] },
  { name: "MCP_API_KEYS_FILE", enterprise: [309] },
  { name: "MCP_RATE_LIMIT_REQUESTS", enterprise: [312] },
  { name: "MCP_RATE_LIMIT_WINDOW", enterprise: [313] },
  { name: "MCP_RATE_LIMIT_BLOCK", enterprise: [314] },
  { name: "LOG_FORMAT", enterprise: [318] },
  { name: "LOG_MAX_SIZE", enterprise: [319] },
  { name: "LOG_MAX_FILES", enterprise: [320] },
  { name: "CC_TELEGRAM_CONFIG_DIR", enterprise: [323] },
  { name: "CC_TELEGRAM_EVENTS_DIR", enterprise: [324] },
  { name: "CC_TELEGRAM_LOGS_DIR", enterprise: [325] },
  { name: "MCP_SERVER_HOST", enterprise: [328] },
  { name: "MCP_SERVER_PORT", enterprise: [329, 612, 617, 622] },
  { name: "HEALTH_CHECK_ENABLED", enterprise: [332] },
  { name: "HEALTH_CHECK_INTERVAL", enterprise: [333], production: [210] },
  { name: "METRICS_ENABLED", enterprise: [336] },
  { name: "METRICS_PORT", enterprise: [337] },
  { name: "PROMETHEUS_ENDPOINT", enterprise: [338] },
  { name: "TELEGRAM_API_TIMEOUT", enterprise: [342] },
  { name: "TELEGRAM_RETRY_ATTEMPTS", enterprise: [343] },
  { name: "BRIDGE_EXECUTABLE", enterprise: [346] },
  { name: "BRIDGE_CONFIG_DIR", enterprise: [347] },
  { name: "BRIDGE_RESTART_DELAY", enterprise: [348] },
  { name: "MAINPID", enterprise: [481], production: [450, 500], notOurs: systemd },
  { name: "INSTANCE_ID", enterprise: [613, 618, 623] },
  { name: "INSTANCE_PORT", enterprise: [634, 638], notOurs: script },
  { name: "API_KEY", enterprise: [635, 637, 790, 793, 796, 799, 833, 842, 851, 858, 928], notOurs: script },
  { name: "MCP_HEALTH_CHECK_API_KEY", enterprise: [635], notOurs: script },
  { name: "BACKUP_DIR", enterprise: [886, 887, 890, 893, 896, 899], production: [223, 850, 861, 863, 864, 895] },
  { name: "ENVIRONMENT", production: [184] },
  { name: "TELEGRAM_BOT_TOKEN", production: [189] },
  { name: "TELEGRAM_ALLOWED_USERS", production: [190] },
  { name: "TELEGRAM_RATE_LIMIT_GLOBAL", production: [191] },
  { name: "TELEGRAM_RATE_LIMIT_PER_CHAT", production: [192] },
  { name: "API_KEYS", production: [195] },
  { name: "HMAC_SECRET", production: [196] },
  { name: "SECURITY_AUDIT_LOG", production: [197] },
  { name: "INPUT_VALIDATION_STRICT", production: [198] },
  { name: "REDIS_URL", production: [201] },
  { name: "REDIS_CLUSTER_NODES", production: [202] },
  { name: "REDIS_PASSWORD", production: [203] },
  { name: "REDIS_TLS_ENABLED", production: [204] },
  { name: "PROMETHEUS_ENABLED", production: [207] },
  { name: "PROMETHEUS_PORT", production: [208] },
  { name: "MONITORING_SERVER_PORT", production: [209] },
  { name: "METRICS_RETENTION_DAYS", production: [211] },
  { name: "WORKER_THREADS", production: [214] },
  { name: "QUEUE_SIZE_LIMIT", production: [215] },
  { name: "MESSAGE_BATCH_SIZE", production: [216] },
  { name: "RETRY_MAX_ATTEMPTS", production: [217] },
  { name: "CIRCUIT_BREAKER_THRESHOLD", production: [218] },
  { name: "EVENTS_DIR", production: [221] },
  { name: "LOGS_DIR", production: [222] },
  { name: "FILE_RETENTION_DAYS", production: [224] },
  { name: "TLS_CERT_PATH", production: [227] },
  { name: "TLS_KEY_PATH", production: [228] },
  { name: "TLS_MIN_VERSION", production: [229] },
  { name: "GF_SECURITY_ADMIN_PASSWORD", production: [356], notOurs: grafana },
  { name: "GF_USERS_ALLOW_SIGN_UP", production: [357], notOurs: grafana },
  { name: "NEW_VERSION", production: [849, 854, 867, 868, 869, 870, 879, 880, 903], notOurs: script },
];

const introduction = `Every environment variable of the Enterprise Deployment Guide and of the Production Deployment Guide of co8/cctelegram, with the lines that name it.
Those that have no effect are named in one line of the log at the start, \`these variables have no effect here\`, each with what stands in for it; values are not shown.
Those whose meaning differs from the guides' are named in another line, \`these variables mean something else here\`, each with the difference.
\`test/guides/variables.test.ts\` compares this table with the guides, and sets each variable; the last column says which test shows what it changes.`;

/** The reference of what became of the guides' variables. */
export function guideVariablesPage(
  variables: Table,
  withoutEffect: Readonly<Record<string, string>>,
  otherMeaning: Readonly<Record<string, string>>,
): string {
  return page("Variables of the deployment guides", "docs/generators/guide-variables.ts and server/config/", [
    introduction,
    table(
      [
        "Variable",
        "Enterprise guide, line",
        "Production guide, line",
        "Has an effect",
        "What it does, or what stands in for it",
        "What differs from the guides",
        "Test",
      ],
      guideVariables.map(({ name, enterprise = [], production = [], notOurs }) => {
        const lines = [enterprise, production].map((each) => each.join(", "));
        const [effect, what] = meaning(name, notOurs, variables, withoutEffect);
        const test = notOurs === undefined ? code(guideTest(name, variables)) : "";
        return [code(name), ...lines, effect, what, otherMeaning[name] ?? "", test];
      }),
    ),
  ]);
}

/** The test that shows what a variable does, or that it is told of. */
export function guideTest(name: string, variables: Table): string {
  const isRead = Object.entries(variables).some(([own, variable]) => namesOf(own, variable).includes(name));
  return isRead ? (otherTests[name] ?? effects) : untold;
}

function meaning(
  name: string,
  notOurs: string | undefined,
  variables: Table,
  withoutEffect: Readonly<Record<string, string>>,
): [string, string] {
  const row = Object.entries(variables).find(([own, variable]) => namesOf(own, variable).includes(name));
  if (row !== undefined)
    return ["yes", row[0] === name ? row[1].description : `As ${codes([row[0]])}: ${row[1].description}`];
  if (notOurs !== undefined) return ["not ours", notOurs];
  const replacement = withoutEffect[name];
  if (replacement === undefined) throw new Error(`${name} of a guide has neither an effect nor something in its place`);
  return ["no", replacement];
}
