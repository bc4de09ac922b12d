import { serverScaling } from "../api/sizing.ts";
import type { DeploymentSpec } from "../api/spec.ts";
import { ApiError } from "../runtime/api-error.ts";
import type { Client } from "../runtime/client.ts";
import type { FieldsV1, KubernetesObject } from "../runtime/kubernetes-object.ts";
import { resourcePath } from "../runtime/resource-type.ts";
import { fieldManager } from "./names.ts";
import type { CachedResource } from "./reduced.ts";
import { cctelegramDeployments } from "./resource-types.ts";

/**
 * The scale subresource fails for a resource without `server.replicas` (kubernetes#111781), and a default in the definition
 * cannot follow the profile. So the operator writes the number that counts anyway, as Argo Rollouts does, under this name:
 * what nobody else has set since is still no wish of anybody.
 */
export const defaultsManager = `${fieldManager}-defaults`;

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** Whether `server.replicas` stands in the spec because the operator wrote it. */
export function hasDefaultReplicas({ metadata }: KubernetesObject): boolean {
  const owners = (metadata.managedFields ?? []).filter(({ fieldsV1 }) => ownsReplicas(fieldsV1));
  const isOurs = owners.length > 0 && owners.every(({ manager }) => manager === defaultsManager);
  // Who asks kubectl for the value that is there already does not come to own it.
  return isOurs && replicasIn(metadata.annotations?.[lastApplied]) === undefined;
}

const ownsReplicas = (fields: FieldsV1 | undefined) => fields?.["f:spec"]?.["f:server"]?.["f:replicas"] !== undefined;

function replicasIn(configuration: string | undefined): unknown {
  try {
    return JSON.parse(configuration ?? "{}")?.spec?.server?.replicas;
  } catch {
    return undefined;
  }
}

/** The spec as people wrote it, and the default that the operator has added to it. */
export function withoutDefaultReplicas(object: KubernetesObject): {
  readonly spec: DeploymentSpec;
  readonly defaultReplicas?: number;
} {
  const spec = object.spec as DeploymentSpec;
  if (spec.server?.replicas === undefined || !hasDefaultReplicas(object)) return { spec };
  const { replicas: defaultReplicas, ...server } = spec.server;
  return { spec: { ...spec, server }, defaultReplicas };
}

/**
 * Writes the default where it is missing or has become another; returns what went wrong. Our own autoscaler needs none. It
 * is written as `kubectl scale` does, so that the operator needs no right to change what people wrote.
 */
export async function writeDefaultReplicas(
  { client }: { readonly client: Pick<Client, "request"> },
  { namespace, name, resourceVersion, spec, defaultReplicas }: CachedResource,
): Promise<unknown[]> {
  const { autoscaled, min } = serverScaling(spec);
  if (spec.server.replicas !== undefined || autoscaled || defaultReplicas === min) return [];
  try {
    await client.request({
      method: "PATCH",
      path: resourcePath(cctelegramDeployments, { namespace, name, subresource: "scale" }),
      query: { fieldManager: defaultsManager },
      contentType: "application/merge-patch+json",
      // Not over what somebody has just set: then we are called again.
      body: { metadata: { resourceVersion }, spec: { replicas: min } },
    });
    return [];
  } catch (error) {
    const hasChanged = error instanceof ApiError && [404, 409].includes(error.status);
    return hasChanged ? [] : [error];
  }
}
