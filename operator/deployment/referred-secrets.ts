import type { DeploymentSpec } from "../api/spec.ts";
import { tlsSecretOf } from "./exposure/exposure.ts";

/** Users' Secrets that the variables of a part refer to: its pods cannot start without them. */
export function secretsOfVariables({ env = [] }: DeploymentSpec["bridge"] | DeploymentSpec["server"]): string[] {
  return [...new Set(env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? []))];
}

/** All users' Secrets that the spec refers to, except pull secrets: without those the image may be present anyway. */
export function secretsOf(resource: string, spec: DeploymentSpec): string[] {
  const { telegram, server, bridge, images, adoption } = spec;
  const certificate = tlsSecretOf(resource, spec);
  const all = [
    telegram.botTokenSecretRef.name,
    ...secretsOfVariables(server),
    ...secretsOfVariables(bridge),
    ...(certificate === undefined ? [] : [certificate]),
    ...(adoption?.apiKeys === undefined ? [] : [adoption.apiKeys.name]),
    ...(images.verification?.keys.flatMap(({ secretRef }) => secretRef?.name ?? []) ?? []),
  ];
  return [...new Set(all)];
}
