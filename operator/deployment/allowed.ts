import type { BackupTarget } from "../api/backup-target.ts";
import type { DeploymentSpec } from "../api/spec.ts";

type Allowed = {
  readonly allowedImages?: readonly string[];
  readonly allowedApiUrls?: readonly string[];
  /** Prefixes of the URLs of stores for backups; empty allows all, unless network fields are not allowed. */
  readonly allowedBackupEndpoints?: readonly string[];
  /** Whether resources may widen network policies. Default true. */
  readonly allowNetworkFields?: boolean;
};

/** What the administrator of the operator does not allow in this spec, as sentences; empty when all is allowed. */
export function forbiddenIn(spec: DeploymentSpec, allowed: Allowed): string[] {
  const { images, telegram } = spec;
  return [
    ...refusal("images.server", images.server, allowed.allowedImages, "/:@"),
    ...refusal("telegram.apiUrl", telegram.apiUrl, allowed.allowedApiUrls, "/"),
    ...forbiddenStore("backup.target", spec.backup?.target, allowed),
    ...forbiddenStore("restoreFrom.target", spec.restoreFrom?.target, allowed),
    ...(allowed.allowNetworkFields === false ? widened(spec) : []),
  ];
}

/** A store is reached over the network: where its URL is the author's choice, it widens the policies. */
export function forbiddenStore(field: string, target: BackupTarget | undefined, allowed: Allowed): string[] {
  const endpoint = target?.s3?.endpoint;
  const { allowedBackupEndpoints = [], allowNetworkFields = true } = allowed;
  if (endpoint !== undefined && !allowNetworkFields && allowedBackupEndpoints.length === 0) {
    return [`the administrator of the operator does not allow ${field}.s3`];
  }
  return refusal(`${field}.s3.endpoint`, endpoint, allowedBackupEndpoints, "/:");
}

/** Fields by which an author allows traffic that the policies would stop, perhaps without the right to do so himself. */
function widened({ networkPolicy, monitoring, exposure }: DeploymentSpec): string[] {
  const fields: readonly [field: string, isSet: boolean][] = [
    ["networkPolicy.mode", networkPolicy.mode === "Disabled"],
    ["networkPolicy.ingressFrom", networkPolicy.ingressFrom.length > 0],
    ["networkPolicy.egressTo", networkPolicy.egressTo.length > 0],
    ["networkPolicy.dnsPorts", networkPolicy.dnsPorts.some((port) => port !== 53 && port !== 5353)],
    ["monitoring.ingressFrom", monitoring.ingressFrom.length > 0],
    ["monitoring.dashboard.ingressFrom", monitoring.dashboard.ingressFrom.length > 0],
    ["exposure.mode", exposure.mode !== "None"],
  ];
  return fields.flatMap(([field, isSet]) =>
    isSet ? [`the administrator of the operator does not allow ${field}`] : [],
  );
}

/** A prefix must be followed by one of `ends`: registry.example.com/team does not allow registry.example.com/teammate. */
function refusal(field: string, value: string | undefined, beginnings: readonly string[] = [], ends: string): string[] {
  if (value === undefined || beginnings.length === 0) return [];
  const isAllowed = beginnings.some(
    (beginning) =>
      value === beginning ||
      (value.startsWith(beginning) && (beginning.endsWith("/") || ends.includes(value.charAt(beginning.length)))),
  );
  return isAllowed ? [] : [`${field} ${value} is not among those that the administrator of the operator allows`];
}
