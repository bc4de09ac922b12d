import type { DryRunChange } from "../api/dry-run.ts";
import type { PodReplacements } from "../api/pod-replacements.ts";
import { serverScaling } from "../api/sizing.ts";
import { canonicalQuantity } from "../runtime/quantity.ts";
import type { ImportedKeys } from "./adoption/imported-keys.ts";
import { adoptionState } from "./adoption/state.ts";
import { forbiddenIn } from "./allowed.ts";
import { isScaled, scalingOf } from "./autoscaling/gather.ts";
import { backupFactsOf } from "./backup/facts.ts";
import type { RestorePlan } from "./backup/restore-plan.ts";
import { isPlan, type NoPlan, restorePlanOf, secretsOfRestore } from "./backup/restore-source.ts";
import type { Blueprint, BridgePlan } from "./blueprint.ts";
import type { CachedResource, WorkloadState } from "./cache/cached-objects.ts";
import type { Cluster } from "./cache/cluster.ts";
import { ownChild } from "./cache/own-child.ts";
import { urlOf } from "./exposure/exposure.ts";
import { exposureStateOf } from "./exposure/gather.ts";
import type { ExposureProbe } from "./exposure/probe.ts";
import type { ExposureSnapshot } from "./exposure/problems.ts";
import { type Acceptance, isHeld } from "./image/acceptance.ts";
import { waitingOf } from "./maintenance/waiting.ts";
import { emptySchedules } from "./maintenance/windows.ts";
import { bridgeUrl, mcpUrl, namesOf } from "./names.ts";
import { isHibernated } from "./pausing/hibernation.ts";
import { type CachedPod, currentPods, firstTrouble, imageOfAll, imageOfMost, livePods } from "./pods/pods.ts";
import type { ProbeResult, Target } from "./probing/parts-probe.ts";
import type { Verdict } from "./receiving/arbitration.ts";
import { secretsOfVariables } from "./references/referred-secrets.ts";
import { nextReplacement } from "./replacement/policy.ts";
import * as types from "./resource-types.ts";
import { deploymentOf, otherTrack, servingDeployment } from "./rollout/tracks.ts";
import { secretsSnapshotOf, secretValues } from "./secrets/gather.ts";
import type { GeneratedValues } from "./secrets/generated-values.ts";
import type { Referred } from "./secrets/referred-values.ts";
import type { Settings } from "./settings.ts";
import type { Snapshot, TokenSecret } from "./snapshot.ts";
import { isSettled } from "./status/progress.ts";
import type { VolumeTrouble } from "./volume/volumes.ts";

/** The blueprint of a resource. Existing generated values are kept; `generated` generates missing ones. */
export function blueprintOf(
  resource: CachedResource,
  parts: {
    cluster: Cluster;
    settings: Settings;
    tokenSecret: TokenSecret;
    verdict: Verdict | undefined;
    image: Acceptance;
    imported: ImportedKeys;
    generated: GeneratedValues;
    referred: Referred;
    /** Milliseconds since the epoch. */
    now: () => number;
  },
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
  { cluster, verdict }: { cluster: Cluster; verdict: Verdict | undefined },
): Blueprint["updates"] {
  const { updates, botTokenSecretRef: ref } = resource.spec.telegram;
  if (verdict === undefined || verdict.state === "Receives") return updates;
  if (verdict.state === "Waits" || verdict.state === "SendsOnly") return "None";
  const polls = ownChild(cluster, resource, types.statefulSets, namesOf(resource.name).bridge)?.state.workload?.polls;
  return polls?.name === ref.name && polls.key === ref.key ? updates : "None";
}

function bridgePlan(resource: CachedResource, parts: { cluster: Cluster; tokenSecret: TokenSecret }): BridgePlan {
  const { cluster, tokenSecret } = parts;
  const restore = restoreOf(resource, cluster);
  const missing = [...missingSecrets(resource, cluster, "bridge"), ...missingForRestore(resource, cluster)];
  const mayStart = missing.length === 0 && (restore === undefined || isPlan(restore));
  if (tokenSecret === "Present" && mayStart) return "Apply";
  if (!ownChild(cluster, resource, types.statefulSets, namesOf(resource.name).bridge)) return "Wait";
  // Without a pod nothing is read.
  return isHibernated(resource.spec) ? "Apply" : "Keep";
}

/** The archive that the bridge starts with, or why there is none. */
function restoreOf({ namespace, spec }: CachedResource, cluster: Cluster): RestorePlan | NoPlan | undefined {
  const find = (name: string) => cluster.informers.backups.store.get(namespace, name);
  return spec.restoreFrom && restorePlanOf(spec.restoreFrom, find);
}

const missingForRestore = ({ namespace, spec }: CachedResource, cluster: Cluster) =>
  (spec.restoreFrom === undefined ? [] : secretsOfRestore(spec.restoreFrom)).filter(
    (name) => cluster.secret(namespace, name) === undefined,
  );

/** Missing Secrets that the variables of a part refer to. */
const missingSecrets = ({ namespace, spec }: CachedResource, cluster: Cluster, part: "server" | "bridge") =>
  secretsOfVariables(spec[part]).filter((name) => cluster.secret(namespace, name) === undefined);

/** What the template of the queue's claim asks for; undefined before there is one. */
export const claimSizeOf = (resource: CachedResource, cluster: Cluster): string | undefined =>
  ownChild(cluster, resource, types.statefulSets, namesOf(resource.name).bridge)?.state.workload?.claimSize;

/**
 * An autoscaler owns the replicas. We write them once, at creation, and repeat the current number as long as nobody has
 * changed it: leaving the field out would remove it, and the server would set it to 1.
 */
function serverReplicas(resource: CachedResource, cluster: Cluster): number | undefined {
  if (isHibernated(resource.spec)) return 0;
  const { min } = serverScaling(resource.spec);
  const live = ownChild(cluster, resource, types.deployments, servingDeployment(resource.name, resource.status.rollout))
    ?.state.workload;
  if (!live || !isScaled(resource, cluster)) return min;
  if (!live.ownsReplicas) return undefined;
  // Our own 0, of a hibernation or of server.replicas, would switch the autoscaler off.
  return live.replicas === 0 ? min : live.replicas;
}

/** The image with the tag that `version` asks for. */
export function imageOf({ images, version }: CachedResource["spec"], defaultImage: string): string {
  const image = images.server ?? defaultImage;
  if (version === undefined) return image;
  return `${image.replace(/@.*$/, "").replace(/:[^:/]*$/, "")}:${version}`;
}

const missingOf = (resource: CachedResource, cluster: Cluster): Snapshot["missingSecrets"] => [
  ...missingSecrets(resource, cluster, "server").map((name) => ({ name, field: "server.env" })),
  ...missingSecrets(resource, cluster, "bridge").map((name) => ({ name, field: "bridge.env" })),
  ...missingForRestore(resource, cluster).map((name) => ({ name, field: "restoreFrom" })),
];

/** Everything that the status is computed from, read from the cluster now. */
export function snapshotOf(
  resource: CachedResource,
  parts: {
    cluster: Cluster;
    settings: Settings;
    tokenSecret: TokenSecret;
    verdict: Verdict | undefined;
    image: Acceptance;
    imported: ImportedKeys;
    refused: readonly string[];
    failed: readonly string[];
    /** The parts of which a change waits for a maintenance window. */
    waiting: readonly string[];
    dryRun: readonly DryRunChange[] | undefined;
    /** Whether this operator writes the resource's children. */
    mayWrite: (resource: CachedResource) => boolean;
    probe: ProbeResult | undefined;
    volume: VolumeTrouble | undefined;
    exposure: ExposureSnapshot | undefined;
    exposureProbe: ExposureProbe | undefined;
    ownKeys: Blueprint["ownKeys"];
    rollout: Snapshot["rollout"];
    lostRevision: Snapshot["lostRevision"];
    upgradeBackup: Snapshot["upgradeBackup"];
    /** Milliseconds since the epoch. */
    now: () => number;
  },
): Snapshot {
  const { rollout, volume } = parts;
  const { cluster, settings, tokenSecret, verdict, image, refused, failed, probe, exposure, exposureProbe } = parts;
  const { namespace, name } = resource;
  const names = namesOf(name);
  const { windows } = resource.spec.maintenance;
  const serving = servingDeployment(name, rollout);
  const server = ownChild(cluster, resource, types.deployments, serving)?.state.workload;
  const bridge = ownChild(cluster, resource, types.statefulSets, names.bridge)?.state.workload;
  const serverPods = livePods(cluster.podsOf(namespace, name, "mcp-server"), serving);
  const triedPods = livePods(
    cluster.podsOf(namespace, name, "mcp-server"),
    deploymentOf(name, otherTrack(rollout?.track ?? "blue")),
  );
  const bridgePods = livePods(cluster.podsOf(namespace, name, "bridge"), names.bridge);
  const serverTrouble = firstTrouble(currentPods(serverPods, undefined), parts.now());
  const triedTrouble = firstTrouble(currentPods(triedPods, undefined), parts.now());
  const bridgeTrouble = firstTrouble(currentPods(bridgePods, bridge?.revision), parts.now());
  const backups = backupFactsOf(resource, cluster.backupsOf(namespace, name), parts.now());
  const restore = restoreOf(resource, cluster);
  return {
    resource,
    server,
    bridge,
    tokenSecret,
    verdict,
    serverTrouble: serverTrouble.trouble ?? (rollout?.target === undefined ? undefined : triedTrouble.trouble),
    bridgeTrouble: bridgeTrouble.trouble,
    bridgeRuns: bridgePods.some(({ running }) => running),
    bridgeFailure: bridge?.current === 0 ? cluster.creationFailure(namespace, names.bridge) : undefined,
    refused,
    failed,
    waiting: waitingOf(parts.waiting, windows, parts.now()),
    dryRun: parts.dryRun,
    emptySchedules: emptySchedules(windows, parts.now()),
    forbidden: forbiddenIn(resource.spec, settings),
    missingSecrets: missingOf(resource, cluster),
    probe,
    secrets: secretsSnapshotOf(resource, parts),
    rollout,
    lostRevision: parts.lostRevision,
    scaling: scalingOf(resource, cluster),
    volume,
    upgradeBackup: parts.upgradeBackup,
    exposure,
    exposureProbe,
    backups,
    restore: restore && {
      noPlan: isPlan(restore) ? undefined : restore,
      refusal: bridgePods.find(({ restoreRefused }) => restoreRefused)?.restoreRefused,
      done: bridgePods.some(({ running }) => running),
    },
    image,
    adoption: adoptionState(cluster, resource, parts.imported),
    operatorVersion: settings.operatorVersion,
    imageOfAllPods: imageOfAll([...serverPods, ...bridgePods]),
    serverPods,
    replacement: replacementOf(resource, { probe, pods: serverPods, server, mayWrite: parts.mayWrite }),
    runningImage: imageOfMost(serverPods) ?? imageOfMost(bridgePods),
    lookAgainMs: serverTrouble.settlesInMs ?? bridgeTrouble.settlesInMs,
  };
}

/** Servers of two revisions are there. */
const isRevised = (rollout: Snapshot["rollout"]) =>
  rollout?.revision !== undefined && (rollout.target ?? rollout.previous) !== undefined;
/** Pods are replaced only when they have failed for longer than a start takes. */
function replacementOf(
  resource: CachedResource,
  parts: {
    probe: ProbeResult | undefined;
    pods: readonly CachedPod[];
    server: WorkloadState | undefined;
    mayWrite: (resource: CachedResource) => boolean;
  },
): PodReplacements | undefined {
  const { probe, pods, server } = parts;
  if (probe?.server?.verified !== false || probe.lasting === false || !parts.mayWrite(resource)) return undefined;
  const failing = probe.server.failingPods ?? [];
  return nextReplacement({ failing, pods, server, before: resource.status.podReplacements });
}

/** Where and how the resource is probed. */
export function targetOf({ server, bridgeRuns, rollout }: Snapshot, blueprint: Blueprint): Target {
  const { namespace, name, uid, verifierKey } = blueprint;
  return {
    namespace,
    name,
    uid,
    mcpUrl: mcpUrl(namespace, name),
    bridgeUrl: bridgeUrl(namespace, name),
    verifierKey,
    hmac: blueprint.hmac.current,
    hasServer: (server?.ready ?? 0) > 0,
    hasBridge: bridgeRuns,
    ...(rollout && server?.servers && isSettled(server) ? { template: server.servers.template } : {}),
    ...(isRevised(rollout) ? { isWatched: true } : {}),
  };
}
