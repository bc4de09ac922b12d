import { namesOf } from "../../config/variable.ts";
import { variables } from "./variables.ts";

const ownFiles = "configuration is environment variables, and files that variables ending in _FILE name";
const noRedis = "nothing needs Redis: the queue is a file in CC_TELEGRAM_DATA_DIR";
const everywhereTheSame = "the program does the same everywhere";

/** Variables of co8/cctelegram's deployment guides that have no effect here, each with what stands in for it. */
const replacements = Object.freeze({
  ENVIRONMENT: everywhereTheSame,
  RUST_LOG: "LOG_LEVEL",
  MCP_ENABLE_INPUT_VALIDATION:
    "input is always validated; INPUT_VALIDATION_STRICT also refuses fields that a tool does not know",
  MCP_ENABLE_SECURE_LOGGING: "secrets are always taken out of the log",
  CC_TELEGRAM_CONFIG_DIR: ownFiles,
  BRIDGE_CONFIG_DIR: ownFiles,
  FILE_RETENTION_DAYS: "delivered messages are deleted at once, refused ones after 7 days",
  HEALTH_CHECK_ENABLED: "health is always answered",
  HEALTH_CHECK_INTERVAL:
    "whoever asks for health decides how often; the bridge asks Telegram every 30 s, and more often when it fails",
  PROMETHEUS_ENDPOINT: "metrics are at /metrics; METRICS_HOST and METRICS_PORT say where that is",
  METRICS_RETENTION_DAYS: "Prometheus keeps the metrics, for as long as it is told to",
  BRIDGE_EXECUTABLE: "BRIDGE_URL, or the role standalone, which has the bridge in it",
  BRIDGE_RESTART_DELAY: "whoever supervises the bridge starts it again: Kubernetes, systemd, a container engine",
  WORKER_THREADS: "more server pods",
  REDIS_URL: noRedis,
  REDIS_CLUSTER_NODES: noRedis,
  REDIS_PASSWORD: noRedis,
  REDIS_TLS_ENABLED: noRedis,
});

const names: ReadonlySet<string> = new Set(
  Object.entries(variables).flatMap(([name, variable]) => namesOf(name, variable)),
);

/** What stands in for variables that have no effect, by name. */
export const withoutEffect: Readonly<Record<string, string>> = Object.freeze(
  Object.fromEntries(Object.entries(replacements).filter(([name]) => !names.has(name))),
);

/** Those of an environment that are set, without their values; undefined when there are none. */
export function setWithoutEffect(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> | undefined {
  const set = Object.entries(withoutEffect).filter(([name]) => env[name]);
  return set.length === 0 ? undefined : Object.fromEntries(set);
}
