import type { DryRunChange } from "../../api/dry-run.ts";
import type { PodReplacements } from "../../api/pod-replacements.ts";
import { adoptionState } from "../adoption/state.ts";
import { forbiddenIn } from "../allowed.ts";
import { scalingOf } from "../autoscaling/gather.ts";
import { backupFactsOf } from "../backup/facts.ts";
import { restoreOf } from "../backup/gather.ts";
import { isPlan } from "../backup/restore-source.ts";
import type { Blueprint } from "../blueprint.ts";
import type { CachedResource, WorkloadState } from "../cache/cached-objects.ts";
import { ownChild } from "../cache/own-child.ts";
import type { ExposureProbe } from "../exposure/probe.ts";
import type { ExposureSnapshot } from "../exposure/problems.ts";
import { waitingOf } from "../maintenance/waiting.ts";
import { emptySchedules } from "../maintenance/windows.ts";
import { namesOf } from "../names.ts";
import { type CachedPod, currentPods, firstTrouble, imageOfAll, imageOfMost, livePods } from "../pods/pods.ts";
import type { ProbeResult } from "../probing/parts-probe.ts";
import { missingSecretsOf } from "../references/missing-secrets.ts";
import { nextReplacement } from "../replacement/policy.ts";
import * as types from "../resource-types.ts";
import { deploymentOf, otherTrack, servingDeployment } from "../rollout/tracks.ts";
import { secretsSnapshotOf } from "../secrets/gather.ts";
import type { Snapshot } from "../snapshot.ts";
import type { VolumeTrouble } from "../volume/volumes.ts";
import type { Known } from "./found.ts";

/** Everything that the status is computed from, read from the cluster now. */
export function snapshotOf(
  resource: CachedResource,
  parts: Known & {
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
    missingSecrets: missingSecretsOf(resource, cluster),
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
