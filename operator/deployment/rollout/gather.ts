import { canonicalJson } from "../../runtime/canonical-json.ts";
import type { Blueprint } from "../blueprint.ts";
import type { CachedResource } from "../cache/cached-objects.ts";
import type { Cluster } from "../cache/cluster.ts";
import { ownChild } from "../cache/own-child.ts";
import { maintenanceAt } from "../maintenance/windows.ts";
import { namesOf, sha256 } from "../names.ts";
import { isStopped } from "../pausing/hibernation.ts";
import { currentPods, firstTrouble, imageOfMost, livePods } from "../pods/pods.ts";
import type { ProbeResult } from "../probing/parts-probe.ts";
import * as types from "../resource-types.ts";
import type { Settings } from "../settings.ts";
import { isSettled } from "../status/progress.ts";
import type { MetricsResult } from "./analysis/probe.ts";
import { type Facts, type Side, stateOf, type Verification } from "./facts.ts";
import type { PreviewResult } from "./preview-probe.ts";
import type { Template } from "./template.ts";
import { deploymentOf, servingDeployment, type Track } from "./tracks.ts";

/** The pods that the spec asks for, and the hash of their template. */
export type Wanted = { readonly pods: Template; readonly template: string };

type Parts = {
  readonly cluster: Cluster;
  readonly blueprint: Blueprint;
  readonly probe: ProbeResult | undefined;
  readonly preview: PreviewResult | undefined;
  readonly measured: MetricsResult | undefined;
  readonly wanted: Wanted;
  readonly settings: Pick<Settings, "lingerMs">;
  /** Milliseconds since the epoch. */
  readonly now: number;
};

const lingerMs = 15_000;

/** What the rollout of a resource is decided from, without what the API server has to be asked for. */
export function factsOf(resource: CachedResource, parts: Parts): Facts {
  const { cluster, blueprint, probe, preview, measured, now } = parts;
  const { namespace, name, spec, status, restartedAt } = resource;
  const { template } = parts.wanted;
  const [blue, green] = [sideOf(resource, cluster, "blue", now), sideOf(resource, cluster, "green", now)];
  const { image } = blueprint;
  const key = restartedAt === undefined ? template : sha256(canonicalJson([template, restartedAt])).slice(0, 16);
  return {
    spec: spec.rollout,
    state: stateOf(status.rollout),
    wanted: { template, image, key },
    sides: { ...(blue ? { blue } : {}), ...(green ? { green } : {}) },
    serviceTrack: ownChild(cluster, resource, types.services, namesOf(name).server)?.state.track,
    runningImage: imageOfMost(cluster.podsOf(namespace, name, "mcp-server")),
    bridgeImage: ownChild(cluster, resource, types.statefulSets, namesOf(name).bridge)?.state.workload?.image,
    isStopped: isStopped(spec),
    wasReady: status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false,
    verified: verificationOf(probe),
    preview: preview && triedOf(preview),
    measured,
    backup: undefined,
    isBlocked: blueprint.holdsWorkloads === true,
    isHeld: maintenanceAt(spec.maintenance.windows, now).state === "Closed" && !asksForRestart(resource, cluster),
    changes: "",
    promote: resource.promote,
    undo: resource.undo,
    isUndoLost: false,
    lingerMs: parts.settings.lingerMs ?? lingerMs,
    now,
  };
}

/** Somebody asks for new pods now: they are those of the version that waits. */
function asksForRestart(resource: CachedResource, cluster: Cluster): boolean {
  const { name, restartedAt, status } = resource;
  const serving = ownChild(cluster, resource, types.deployments, servingDeployment(name, status.rollout));
  return serving !== undefined && serving.state.workload?.restartedAt !== restartedAt;
}

function sideOf(resource: CachedResource, cluster: Cluster, track: Track, now: number): Side | undefined {
  const { namespace, name } = resource;
  const deployment = deploymentOf(name, track);
  const workload = ownChild(cluster, resource, types.deployments, deployment)?.state.workload;
  if (workload?.servers === undefined) return undefined;
  const pods = livePods(cluster.podsOf(namespace, name, "mcp-server"), deployment);
  const { trouble } = firstTrouble(currentPods(pods, undefined), now);
  return {
    ...workload.servers,
    settled: isSettled(workload),
    replicas: workload.replicas,
    ready: workload.ready,
    deadlineExceeded: workload.observed && workload.deadlineExceeded === true,
    trouble: workload.failure ?? trouble?.message,
    crashes: trouble !== undefined && crashReasons.has(trouble.reason),
  };
}

/** A Service that was just made does not lead anywhere for a moment. */
const triedOf = ({ template, passed, problem, lasting = true }: PreviewResult): Verification => ({
  template,
  passed,
  problem: lasting ? problem : undefined,
});

const crashReasons: ReadonlySet<string> = new Set(["CrashLooping", "OutOfMemory"]);

function verificationOf(probe: ProbeResult | undefined): Verification | undefined {
  if (probe?.server === undefined) return undefined;
  const { server, template, lasting = true } = probe;
  return { template, passed: server.verified, problem: server.verified || !lasting ? undefined : server.message };
}
