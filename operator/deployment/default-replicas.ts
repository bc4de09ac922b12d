import { serverScaling } from "../api/sizing.ts";
import type { DeploymentSpec } from "../api/spec.ts";
import type { DeploymentStatus } from "../api/status.ts";
import { ApiError } from "../runtime/api-error.ts";
import type { Client } from "../runtime/client.ts";
import type { FieldsV1, KubernetesObject } from "../runtime/kubernetes-object.ts";
import { resourcePath } from "../runtime/resource-type.ts";
import type { CachedResource } from "./cache/cached-objects.ts";
import { fieldManager } from "./names.ts";
import { cctelegramDeployments } from "./resource-types.ts";

/*
 * The scale subresource fails for a resource without `server.replicas` (kubernetes#111781), and a default in the CRD
 * cannot depend on the profile. So the operator writes the number that applies anyway, and remembers it in the status: while
 * the spec has that number and no other manager has set one, it counts as not set.
 */

/** The field manager of the default; the API server records it where it records other managers that scale. */
const defaultsManager = `${fieldManager}-defaults`;

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** The spec as people wrote it, and the default that the operator added. */
export function withoutDefaultReplicas(
  object: KubernetesObject,
  spec: DeploymentSpec,
): { readonly spec: DeploymentSpec; readonly defaultReplicas?: number } {
  if (spec.server?.replicas === undefined || isAskedFor(object)) return { spec };
  const { replicas, ...server } = spec.server;
  const bare = { ...spec, server };
  const remembered = (object.status as DeploymentStatus | undefined)?.defaultReplicas;
  // The second case: the default was written just before a crash.
  const isDefault = replicas === remembered || replicas === serverScaling(bare).min;
  return isDefault ? { spec: bare, defaultReplicas: replicas } : { spec };
}

/** Somebody applied a number. What `kubectl scale` and autoscalers set has no owner, but differs from the default. */
function isAskedFor({ metadata }: KubernetesObject): boolean {
  const isOwned = (metadata.managedFields ?? []).some(
    ({ manager, fieldsV1 }) => manager !== defaultsManager && ownsReplicas(fieldsV1),
  );
  return isOwned || replicasIn(metadata.annotations?.[lastApplied]) !== undefined;
}

const ownsReplicas = (fields: FieldsV1 | undefined) => fields?.["f:spec"]?.["f:server"]?.["f:replicas"] !== undefined;

function replicasIn(configuration: string | undefined): unknown {
  try {
    return JSON.parse(configuration ?? "{}")?.spec?.server?.replicas;
  } catch {
    return undefined;
  }
}

/**
 * Writes the default if it is missing or has changed; returns an error. It is written like `kubectl scale`
 * does: so the operator needs no right to change the spec, and owns no field that people may want to set.
 */
export async function writeDefaultReplicas(
  { client }: { readonly client: Pick<Client, "request"> },
  { namespace, name, resourceVersion, spec, defaultReplicas }: CachedResource,
): Promise<unknown[]> {
  const { min } = serverScaling(spec);
  if (spec.server.replicas !== undefined || defaultReplicas === min) return [];
  try {
    await client.request({
      method: "PATCH",
      path: resourcePath(cctelegramDeployments, { namespace, name, subresource: "scale" }),
      query: { fieldManager: defaultsManager },
      contentType: "application/merge-patch+json",
      // Do not overwrite what somebody has just set: that causes another reconcile.
      body: { metadata: { resourceVersion }, spec: { replicas: min } },
    });
    return [];
  } catch (error) {
    const hasChanged = error instanceof ApiError && [404, 409].includes(error.status);
    return hasChanged ? [] : [error];
  }
}
