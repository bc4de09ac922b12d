import type { DeploymentSpec } from "../../api/spec.ts";
import { secretsOfRestore } from "../backup/restore-source.ts";
import { tlsSecretOf } from "../exposure/exposure.ts";

/** Users' Secrets that the variables of a part refer to: its pods cannot start without them. */
export function secretsOfVariables({ env = [] }: DeploymentSpec["bridge"] | DeploymentSpec["server"]): string[] {
  return [...new Set(env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? []))];
}

/** Users' ConfigMaps that the variables of either part refer to. */
export function referredConfigMapsOf({ server, bridge }: DeploymentSpec): string[] {
  const refs = [server, bridge].flatMap(({ env = [] }) =>
    env.flatMap(({ valueFrom }) => valueFrom?.configMapKeyRef ?? []),
  );
  return [...new Set(refs.map(({ name }) => name))];
}

/** Users' Secrets whose values the operator has to know: clients' keys, and what variables refer to. */
export function referredSecretsOf({ server, bridge }: DeploymentSpec): string[] {
  const keys = server.auth.clients.flatMap(({ keySecretRef }) => keySecretRef?.name ?? []);
  return [...new Set([...keys, ...secretsOfVariables(server), ...secretsOfVariables(bridge)])];
}

/** All users' Secrets that the spec refers to, except pull secrets: without those the image may be present anyway. */
export function secretsOf(resource: string, spec: DeploymentSpec): string[] {
  const { images, adoption } = spec;
  const certificate = tlsSecretOf(resource, spec);
  const all = [
    spec.telegram.botTokenSecretRef.name,
    ...referredSecretsOf(spec),
    ...(spec.restoreFrom === undefined ? [] : secretsOfRestore(spec.restoreFrom)),
    ...(certificate === undefined ? [] : [certificate]),
    ...(adoption?.apiKeys === undefined ? [] : [adoption.apiKeys.name]),
    ...(images.verification?.keys.flatMap(({ secretRef }) => secretRef?.name ?? []) ?? []),
  ];
  return [...new Set(all)];
}
