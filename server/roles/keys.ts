import type { Gauge } from "prom-client";
import { actionPermissions } from "../../contract/monitoring.ts";
import { allResources, groupPermission, resourcePermission, toolGroups } from "../../contract/permissions.ts";
import { type ApiKey, parseApiKeysVariable, unknownPermissions } from "../access/api-keys.ts";
import { readAllApprovals } from "../access/approvals.ts";
import { fixedKeys, type KeyStore, openKeyFile } from "../access/key-store.ts";
import type { ServerConfig } from "../config/config.ts";
import { resources, resourceTemplates } from "../resources/registry.ts";
import type { Audit } from "../telemetry/audit.ts";
import type { Logger } from "../telemetry/logger.ts";
import { tools } from "../tools/registry.ts";

/** Opens the keys that a configuration names. The gauge tells whether their file is unusable. */
export async function openKeys(
  auth: ServerConfig["auth"],
  logger: Logger,
  failed: Gauge,
  audit: Pick<Audit, "record">,
): Promise<KeyStore> {
  if (!auth.enabled) {
    logger.warn("authentication is off: whoever reaches the port may call every tool");
    return fixedKeys([]);
  }
  if (!auth.takesKeys) return fixedKeys([]);
  const onLoad = (keys: readonly ApiKey[]): void => {
    const clients = [...new Set(keys.map(({ client }) => client.name))];
    audit.record({ decision: "keys_loaded", outcome: "done", clients });
    warnOfUnknownPermissions(keys, logger);
  };
  if (auth.keysFile !== undefined) {
    return openKeyFile({ path: auth.keysFile, logger, onLoad, onLook: (isFailed) => failed.set(isFailed ? 1 : 0) });
  }
  const keys = parseApiKeysVariable(auth.keysJson ?? "{}");
  onLoad(keys);
  return fixedKeys(keys);
}

/** Everything that a permission may name, beside "*". */
const knownPermissions: ReadonlySet<string> = new Set([
  ...tools.keys(),
  ...Object.keys(toolGroups).map(groupPermission),
  ...[...resources, ...resourceTemplates].map(({ name }) => resourcePermission(name)),
  ...[allResources, readAllApprovals],
  ...Object.values(actionPermissions),
]);

function warnOfUnknownPermissions(keys: readonly ApiKey[], logger: Logger): void {
  const unknown = unknownPermissions(keys, knownPermissions);
  if (unknown.length > 0) logger.warn({ permissions: unknown }, "permissions that name no tool permit nothing");
}
