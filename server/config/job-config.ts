import { ConfigError, type Problem } from "../../config/config-error.ts";
import { readVariables } from "../../config/read-variables.ts";
import type { LogLevel } from "../../contract/log-levels.ts";
import type { Job } from "../../contract/roles.ts";
import type { BackupConfig } from "../backup/backup.ts";
import type { RestoreConfig } from "../backup/restore.ts";
import type { S3Options } from "../backup/stores/s3-store.ts";
import type { LogFormat } from "../telemetry/log-lines.ts";
import { proxyConfig } from "./bridge-config.ts";
import type { Surroundings } from "./config.ts";
import { type Need, needOf } from "./need.ts";
import { inHome } from "./rules.ts";
import { type Values, type VariableName, variables } from "./variables.ts";

type JobBase = {
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  readonly service: { readonly name: string; readonly version: string; readonly instance: string };
  readonly terminationLog: string;
};

export type JobConfig = JobBase &
  (
    | { readonly role: "backup"; readonly backup: BackupConfig }
    | { readonly role: "restore"; readonly restore: RestoreConfig }
  );

/** The configuration of a role that does one thing and ends. Throws ConfigError with every problem that there is. */
export function loadJob(role: Job, surroundings: Surroundings): JobConfig {
  const { values, problems } = readVariables(variables, role, surroundings);
  const alone = new Set(problems.map(({ variable }) => variable));
  const together = storeProblems(role, values).filter(({ variable }) => !alone.has(variable));
  if (problems.length + together.length > 0) throw new ConfigError([...problems, ...together]);
  const need = needOf(values, role);
  const base: JobBase = {
    log: { level: need("LOG_LEVEL").value, format: need("LOG_FORMAT") },
    service: { name: need("SERVICE_NAME"), version: need("SERVICE_VERSION"), instance: need("INSTANCE_ID") },
    terminationLog: need("TERMINATION_LOG"),
  };
  if (role === "backup") return { role, ...base, backup: backupConfig(need, values) };
  return { role, ...base, restore: restoreConfig(need, values, surroundings.home) };
}

function backupConfig(need: Need, values: Values): BackupConfig {
  const { BACKUP_NAME: name, BACKUP_KEEP_OLDER_THAN: keepOlderThan, BACKUP_MANIFESTS_FOLDER: manifestsFolder } = values;
  return {
    bridge: { url: need("BRIDGE_URL"), secret: need("HMAC_SECRET").value, patienceMs: need("BRIDGE_TIMEOUT") },
    target: need("BACKUP_TARGET"),
    ...s3Options(need, values),
    of: need("BACKUP_OF"),
    ...(name && { name }),
    ...(keepOlderThan !== undefined && { keepOlderThan }),
    ...(manifestsFolder && { manifestsFolder }),
    recipients: need("BACKUP_RECIPIENTS"),
    verify: need("BACKUP_VERIFY"),
    retention: { days: values.BACKUP_RETENTION_DAYS, count: values.BACKUP_RETENTION_COUNT },
    version: need("SERVICE_VERSION"),
  };
}

function restoreConfig(need: Need, values: Values, home: string | undefined): RestoreConfig {
  const { RESTORE_IDENTITY: identities } = values;
  return {
    source: need("RESTORE_SOURCE"),
    ...s3Options(need, values),
    dataDir: need("CC_TELEGRAM_DATA_DIR").replace(inHome, home ?? "~"),
    ...(identities && { identities }),
  };
}

function s3Options(need: Need, values: Values): { readonly s3?: S3Options } {
  const { S3_ENDPOINT: endpoint, S3_CA: ca, S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secret } = values;
  if (accessKeyId === undefined || secret === undefined) return {};
  const proxy = proxyConfig(values);
  return { s3: { endpoint, region: need("S3_REGION"), accessKeyId, secretAccessKey: secret, ca, proxy } };
}

/** A store asks who comes. */
function storeProblems(role: Job, values: Values): Problem[] {
  const place = role === "backup" ? values.BACKUP_TARGET : values.RESTORE_SOURCE;
  if (place?.startsWith("s3:") !== true) return [];
  const names = ["S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"] as const satisfies readonly VariableName[];
  return names
    .filter((variable) => values[variable] === undefined)
    .map((variable) => ({
      variable,
      problem: `is missing beside ${role === "backup" ? "BACKUP_TARGET" : "RESTORE_SOURCE"}=s3://`,
      expected: `${variables[variable].description} Set ${variable} or ${variable}_FILE.`,
      example: variables[variable].example,
    }));
}
