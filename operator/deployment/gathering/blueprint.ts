import { canonicalQuantity } from "../../runtime/quantity.ts";
import { adoptionState } from "../adoption/state.ts";
import { serverReplicas } from "../autoscaling/gather.ts";
import { restoreOf } from "../backup/gather.ts";
import { isPlan } from "../backup/restore-source.ts";
import type { Blueprint, BridgePlan } from "../blueprint.ts";
import type { CachedResource } from "../cache/cached-objects.ts";
import type { Cluster } from "../cache/cluster.ts";
import { ownChild } from "../cache/own-child.ts";
import { urlOf } from "../exposure/exposure.ts";
import { exposureStateOf } from "../exposure/gather.ts";
import { isHeld } from "../image/acceptance.ts";
import { namesOf } from "../names.ts";
import { isHibernated } from "../pausing/hibernation.ts";
import { missingSecretsOf } from "../references/missing-secrets.ts";
import * as types from "../resource-types.ts";
import { secretValues } from "../secrets/gather.ts";
import type { GeneratedValues } from "../secrets/generated-values.ts";
import type { Known } from "./found.ts";

/** The blueprint of a resource. Existing generated values are kept; `generated` generates missing ones. */
export function blueprintOf(
  resource: CachedResource,
  parts: Known & { readonly generated: GeneratedValues },
): Blueprint {
  const { cluster, settings } = parts;
  const { namespace, name, uid, spec, restartedAt } = resource;
  const restore = restoreOf(resource, cluster);
  return {
    namespace,
    name,
    uid,
    spec,
    image: parts.image.image,
    ...(spec.adoption ? { imported: parts.imported, adoption: adoptionState(cluster, resource, parts.imported) } : {}),
    ...(isHeld(parts.image) ? { holdsWorkloads: true } : {}),
    telegramApiUrl: spec.telegram.apiUrl ?? settings.telegramApiUrl,
    updates: updatesOf(resource, parts),
    ...secretValues(resource, parts),
    serverReplicas: serverReplicas(resource, cluster),
    restartedAt,
    bridge: bridgePlan(resource, parts),
    ...(restore !== undefined && isPlan(restore) ? { restore } : {}),
    hasServiceMonitor: spec.monitoring.serviceMonitor === "Auto" && cluster.has(types.serviceMonitors),
    hasScaledObject: cluster.has(types.scaledObjects),
    claimSize: claimSizeOf(resource, cluster) ?? canonicalQuantity(String(spec.bridge.storage.size)),
    hasHttpRoute: cluster.has(types.httpRoutes),
    url: urlOf(resource, exposureStateOf(cluster, resource)?.addresses ?? []),
    hasPrometheusRule: spec.monitoring.prometheusRule === "Auto" && cluster.has(types.prometheusRules),
  };
}

/** How the bridge receives. Without a verdict a bridge that reads the updates of this token goes on, and no other starts to. */
function updatesOf(
  resource: CachedResource,
  { cluster, verdict }: Pick<Known, "cluster" | "verdict">,
): Blueprint["updates"] {
  const { updates, botTokenSecretRef: ref } = resource.spec.telegram;
  if (verdict === undefined || verdict.state === "Receives") return updates;
  if (verdict.state === "Waits" || verdict.state === "SendsOnly") return "None";
  const polls = ownChild(cluster, resource, types.statefulSets, namesOf(resource.name).bridge)?.state.workload?.polls;
  return polls?.name === ref.name && polls.key === ref.key ? updates : "None";
}

function bridgePlan(resource: CachedResource, parts: Pick<Known, "cluster" | "tokenSecret">): BridgePlan {
  const { cluster, tokenSecret } = parts;
  const restore = restoreOf(resource, cluster);
  const missing = missingSecretsOf(resource, cluster).filter(({ field }) => field !== "server.env");
  const mayStart = missing.length === 0 && (restore === undefined || isPlan(restore));
  if (tokenSecret === "Present" && mayStart) return "Apply";
  if (!ownChild(cluster, resource, types.statefulSets, namesOf(resource.name).bridge)) return "Wait";
  // Without a pod nothing is read.
  return isHibernated(resource.spec) ? "Apply" : "Keep";
}

/** What the template of the queue's claim asks for; undefined before there is one. */
export const claimSizeOf = (resource: CachedResource, cluster: Cluster): string | undefined =>
  ownChild(cluster, resource, types.statefulSets, namesOf(resource.name).bridge)?.state.workload?.claimSize;
