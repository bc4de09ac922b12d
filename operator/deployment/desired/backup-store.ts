import type { V1Volume, V1VolumeMount } from "@kubernetes/client-node";
import type { BackupVariable, RestoreVariable } from "../../../contract/backup.ts";
import type { BackupTarget } from "../../api/backup-target.ts";
import type { DeploymentSpec } from "../../api/spec.ts";
import { proxyVariables } from "./additional-variables.ts";
import { outsideAddresses } from "./addresses.ts";
import { paths, secretVolume } from "./pod.ts";

/** What a pod mounts to get at archives. */
export type StoreAccess = {
  readonly volumes: readonly V1Volume[];
  readonly mounts: readonly V1VolumeMount[];
};

/** The target as `backup` and `restore` name it. */
export function targetUrl({ s3 }: BackupTarget): string {
  if (s3 === undefined) return `file://${paths.backups}`;
  return s3.prefix === "" ? `s3://${s3.bucket}` : `s3://${s3.bucket}/${s3.prefix}`;
}

/** Credentials are files of Secrets: everybody who may read pods could see variables. */
export function storeAccess({ volume, s3 }: BackupTarget, { readOnly }: { readonly readOnly: boolean }): StoreAccess {
  if (s3 === undefined) {
    const { claimName = "", path = "" } = volume ?? {};
    // The kubelet makes the folder if there is none yet.
    const folder = path === "" ? {} : { subPath: path };
    return {
      volumes: [{ name: "backups", persistentVolumeClaim: { claimName, ...(readOnly ? { readOnly } : {}) } }],
      mounts: [{ name: "backups", mountPath: paths.backups, ...folder, ...(readOnly ? { readOnly } : {}) }],
    };
  }
  const { caSecretRef: authority } = s3;
  return {
    volumes: [
      secretVolume("backup-store", s3.credentialsSecretRef.name, [
        { key: "accessKeyId", path: "accessKeyId" },
        { key: "secretAccessKey", path: "secretAccessKey" },
      ]),
      ...(authority
        ? [secretVolume("backup-authority", authority.name, [{ key: authority.key, path: "ca.crt" }])]
        : []),
    ],
    mounts: [
      { name: "backup-store", mountPath: paths.backupStore, readOnly: true },
      ...(authority ? [{ name: "backup-authority", mountPath: paths.backupAuthority, readOnly: true }] : []),
    ],
  };
}

type StoreVariables = Readonly<Partial<Record<BackupVariable & RestoreVariable, string>>>;

/** Variables of a pod that calls the target: where it is, and the proxy on the way. A volume needs none. */
export function storeVariables({ s3 }: BackupTarget, { proxy }: Pick<DeploymentSpec, "proxy">): StoreVariables {
  if (s3 === undefined) return {};
  return {
    S3_ENDPOINT: s3.endpoint,
    S3_REGION: s3.region,
    S3_ACCESS_KEY_ID_FILE: `${paths.backupStore}/accessKeyId`,
    S3_SECRET_ACCESS_KEY_FILE: `${paths.backupStore}/secretAccessKey`,
    ...(s3.caSecretRef ? { S3_CA_FILE: `${paths.backupAuthority}/ca.crt` } : {}),
    ...proxyVariables(proxy),
  };
}

/** The author's URL opens connections to public addresses only; a store inside the cluster needs networkPolicy.egressTo. */
export function storeEgress({ s3 }: BackupTarget) {
  if (s3 === undefined) return [];
  const url = new URL(s3.endpoint);
  const port = Number(url.port) || (url.protocol === "http:" ? 80 : 443);
  return [{ to: outsideAddresses, ports: [{ port, protocol: "TCP" }] }];
}

/** Secrets of users that a pod with this target mounts: it does not start without them. */
export const secretsOfTarget = ({ s3 }: BackupTarget): readonly string[] =>
  s3 === undefined ? [] : [s3.credentialsSecretRef.name, ...(s3.caSecretRef ? [s3.caSecretRef.name] : [])];
