import type { V1Container } from "@kubernetes/client-node";
import type { BackupVariable } from "../../contract/backup.ts";
import { ports } from "../../contract/ports.ts";
import type { CachedBackup } from "../deployment/backup/cached-backup.ts";
import { type Child, child } from "../deployment/blueprint.ts";
import type { CachedResource } from "../deployment/cache/cached-objects.ts";
import { storeAccess, storeEgress, storeVariables, targetUrl } from "../deployment/desired/backup-store.ts";
import { declaredEgress, dns, tcp } from "../deployment/desired/network-policies.ts";
import { containerSecurity, paths, podBasics, secretVolume } from "../deployment/desired/pod.ts";
import { backupLabel, bridgeUrl, managedByLabel, namesOf, selectorLabels, sha256 } from "../deployment/names.ts";
import { cctelegramBackups, jobs, networkPolicies, secrets } from "../deployment/resource-types.ts";
import { apiVersionOf } from "../runtime/resource-type.ts";
import type { BackupPlan } from "./plan.ts";

/** Everything that the objects of one backup are computed from. */
export type BackupOrder = {
  readonly backup: CachedBackup;
  readonly deployment: CachedResource;
  readonly plan: BackupPlan;
  readonly image: string;
  /** Manifests by file name, as text. */
  readonly manifests: Readonly<Record<string, string>>;
};

/** Job, Secret and network policy of a backup have one name, which fits into the label of a Job's pods. */
export const objectName = ({ name }: Pick<CachedBackup, "name">) =>
  name.length <= 56 ? `${name}-backup` : `${name.slice(0, 47)}-${sha256(name).slice(0, 8)}-backup`;

/** For so long all tries together may take. */
const longestSeconds = 3_600;
/** By so much the clock of a store may be behind that of the cluster. */
const skewMs = 600_000;
/** For so long a Job that has ended, and the logs of its pods, can be looked at. */
const keptSeconds = 6 * 3_600;

/** What the Job's pod reads, and what protects it. */
export function foundationsOf(order: BackupOrder): readonly Child[] {
  const isProtected = order.deployment.spec.networkPolicy.mode !== "Disabled";
  return [manifestSecret(order), ...(isProtected ? [networkPolicy(order)] : [])];
}

function manifestSecret(order: BackupOrder): Child {
  return child(secrets, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: metadataOf(order),
    type: "Opaque",
    data: Object.fromEntries(
      Object.entries(order.manifests).map(([file, text]) => [file, Buffer.from(text).toString("base64")]),
    ),
  });
}

/** The pod calls DNS, the bridge and the store, and nobody calls it. */
function networkPolicy(order: BackupOrder): Child {
  const { deployment, plan } = order;
  const bridge = { podSelector: { matchLabels: selectorLabels(deployment.name, "bridge") } };
  return child(networkPolicies, {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadataOf(order),
    spec: {
      podSelector: { matchLabels: podLabels(order) },
      policyTypes: ["Ingress", "Egress"],
      egress: [
        dns(deployment.spec.networkPolicy),
        { to: [bridge], ports: [tcp(ports.bridge)] },
        ...storeEgress(plan.target),
        ...declaredEgress(deployment.spec.networkPolicy),
      ],
    },
  });
}

/** The Job. It tries again by itself, each time later; it is created once and never changed. */
export function jobOf(order: BackupOrder): Child {
  const { deployment, plan } = order;
  const names = namesOf(deployment.name);
  const { bridge } = deployment.spec;
  return child(jobs, {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: metadataOf(order),
    spec: {
      backoffLimit: 4,
      activeDeadlineSeconds: longestSeconds,
      ttlSecondsAfterFinished: keptSeconds,
      template: {
        metadata: {
          labels: { ...bridge.podTemplate?.labels, ...podLabels(order) },
          annotations: { ...bridge.podTemplate?.annotations },
        },
        spec: {
          restartPolicy: "Never",
          serviceAccountName: names.bridge,
          ...podBasics(deployment.spec, bridge.podTemplate),
          containers: [container(order)],
          volumes: [
            secretVolume("hmac", names.hmac, [{ key: "secret", path: "secret" }]),
            secretVolume("manifests", objectName(order.backup)),
            { name: "work", emptyDir: {} },
            ...storeAccess(plan.target, { readOnly: false }).volumes,
          ],
        },
      },
    },
  });
}

function container(order: BackupOrder): V1Container {
  const { deployment, plan, image } = order;
  return {
    name: "backup",
    image,
    imagePullPolicy: deployment.spec.images.pullPolicy,
    args: ["backup"],
    env: Object.entries(environment(order)).map(([name, value]) => ({ name, value })),
    resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "512Mi" } },
    volumeMounts: [
      { name: "hmac", mountPath: paths.hmac, readOnly: true },
      { name: "manifests", mountPath: paths.backupManifests, readOnly: true },
      // The root file system is read-only; a verified archive is unpacked here.
      { name: "work", mountPath: "/tmp" },
      ...storeAccess(plan.target, { readOnly: false }).mounts,
    ],
    securityContext: containerSecurity,
  };
}

function environment({ backup, deployment, plan }: BackupOrder): Partial<Record<BackupVariable | "NODE_ENV", string>> {
  const { recipients, verify, retention } = plan;
  const { namespace, name } = deployment;
  return {
    NODE_ENV: "production",
    BRIDGE_URL: bridgeUrl(namespace, name),
    HMAC_SECRET_FILE: `${paths.hmac}/secret`,
    BACKUP_NAME: backup.name,
    // An object that was restored without its status is a new one, with the name of an archive that is there.
    BACKUP_KEEP_OLDER_THAN: new Date(Date.parse(backup.createdAt) - skewMs).toISOString(),
    BACKUP_OF: `${namespace}/${name}`,
    BACKUP_TARGET: targetUrl(plan.target),
    ...storeVariables(plan.target, deployment.spec),
    BACKUP_MANIFESTS_FOLDER: paths.backupManifests,
    ...(recipients.length === 0 ? {} : { BACKUP_RECIPIENTS: recipients.join(",") }),
    BACKUP_VERIFY: `${verify}`,
    ...(retention === undefined ? {} : { BACKUP_RETENTION_DAYS: `${retention.days}` }),
    ...(retention?.count === undefined ? {} : { BACKUP_RETENTION_COUNT: `${retention.count}` }),
  };
}

/** The label of the bridge's network policy, and the one by which this backup's pods are found. */
const podLabels = ({ backup, deployment }: BackupOrder) => ({
  ...selectorLabels(deployment.name, "backup"),
  [backupLabel]: backup.name,
});

function metadataOf(order: BackupOrder) {
  const { namespace, name, uid } = order.backup;
  return {
    name: objectName(order.backup),
    namespace,
    labels: { ...podLabels(order), ...managedByLabel },
    ownerReferences: [
      { apiVersion: apiVersionOf(cctelegramBackups), kind: cctelegramBackups.kind, name, uid, controller: true },
    ],
  };
}
