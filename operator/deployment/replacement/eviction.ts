import { ApiError, isConflict, isNotFound } from "../../runtime/api-error.ts";
import type { Client } from "../../runtime/client.ts";
import { resourcePath } from "../../runtime/resource-type.ts";
import type { Cluster } from "../cache/cluster.ts";
import type { ReconcileParts } from "../reconcile-parts.ts";
import { regarding } from "../regarding.ts";
import { pods as podType } from "../resource-types.ts";
import type { Snapshot } from "../snapshot.ts";

type Parts = {
  readonly client: Pick<Client, "request">;
  readonly cluster: Pick<Cluster, "resources">;
  readonly recorder: ReconcileParts["recorder"];
};

/**
 * Evicts the pod that is to be replaced, once the status remembers it: after a crash in between it is not counted twice. An
 * eviction and no deletion, so that the disruption budget has its say. Returns errors.
 */
export async function replacePod(
  parts: Parts,
  { resource, replacement, serverPods = [] }: Snapshot,
): Promise<unknown[]> {
  const { namespace, name } = resource;
  const known = parts.cluster.resources.get(namespace, name)?.status.podReplacements;
  const pod = serverPods.find(({ uid }) => uid === replacement?.lastPod);
  if (pod === undefined || known?.lastPod !== pod.uid) return [];
  try {
    await evict(parts.client, namespace, pod);
  } catch (error) {
    // It is gone already, or its successor has its name.
    const isGone = error instanceof ApiError && (isNotFound(error) || isConflict(error));
    return isGone ? [] : [error];
  }
  const message = `pod ${pod.name} failed the MCP handshake that others passed, and is replaced`;
  parts.recorder.record(regarding(resource), { type: "Normal", reason: "PodReplaced", message });
  return [];
}

function evict(
  client: Parts["client"],
  namespace: string,
  { name, uid }: { readonly name: string; readonly uid: string },
) {
  return client.request({
    method: "POST",
    path: resourcePath(podType, { namespace, name, subresource: "eviction" }),
    body: {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name, namespace },
      deleteOptions: { preconditions: { uid } },
    },
  });
}
