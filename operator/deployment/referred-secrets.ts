import type { DeploymentSpec } from "../api/spec.ts";
import { tlsSecretOf } from "./exposure/exposure.ts";

/** Secrets of users that variables of a part take their values from: without them its pods cannot start. */
export function secretsOfVariables({ env = [] }: DeploymentSpec["bridge"] | DeploymentSpec["server"]): string[] {
  return [...new Set(env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? []))];
}

/** All Secrets of users that the spec refers to, pull secrets apart: without those an image may be there all the same. */
export function secretsOf(resource: string, spec: DeploymentSpec): string[] {
  const { telegram, server, bridge } = spec;
  const certificate = tlsSecretOf(resource, spec);
  const all = [
    telegram.botTokenSecretRef.name,
    ...secretsOfVariables(server),
    ...secretsOfVariables(bridge),
    ...(certificate === undefined ? [] : [certificate]),
  ];
  return [...new Set(all)];
}
