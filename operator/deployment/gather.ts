import { createHmac } from "node:crypto";
import { apiKeyFileName, hashedKey } from "../../contract/api-key.ts";
import type { DryRunChange } from "../api/dry-run.ts";
import type { PodReplacements } from "../api/pod-replacements.ts";
import { serverScaling } from "../api/sizing.ts";
import { forbiddenIn } from "./allowed.ts";
import type { Blueprint, BridgePlan } from "./blueprint.ts";
import type { CachedResource, WorkloadState } from "./cached-objects.ts";
import type { Cluster } from "./cluster.ts";
import { urlOf } from "./exposure/exposure.ts";
import { exposureStateOf } from "./exposure/gather.ts";
import type { ExposureProbe } from "./exposure/probe.ts";
import type { ExposureSnapshot } from "./exposure/problems.ts";
import type { GeneratedValues } from "./generated-values.ts";
import { isHibernated } from "./hibernation.ts";
import { waitingOf } from "./maintenance/waiting.ts";
import { emptySchedules } from "./maintenance/windows.ts";
import { bridgeUrl, mcpUrl, namesOf } from "./names.ts";
import { ownChild } from "./own-child.ts";
import type { ProbeResult, Target } from "./parts-probe.ts";
import { type CachedPod, currentPods, firstTrouble, imageOfMost, livePods } from "./pods.ts";
import { previousKeys } from "./previous-keys.ts";
import type { Verdict } from "./receiving/arbitration.ts";
import { secretsOfVariables } from "./referred-secrets.ts";
import { nextReplacement } from "./replacement/policy.ts";
import * as types from "./resource-types.ts";
import { clientKey } from "./rotation.ts";
import type { Snapshot, TokenSecret } from "./snapshot.ts";

/** Settings of the operator. */
export type Settings = {
  /** Default image of server and bridge. */
  readonly serverImage: string;
  /** Default URL of the Bot API. */
  readonly telegramApiUrl?: string | undefined;
  /** Prefixes of images that resources may use; empty allows all. */
  readonly allowedImages?: readonly string[];
  /** Prefixes of Bot API URLs that resources may use; empty allows all. */
  readonly allowedApiUrls?: readonly string[];
  /** Whether resources may widen network policies. Default true. */
  readonly allowNetworkFields?: boolean;
  /** Whether public addresses are probed. Default true. */
  readonly probeExposure?: boolean;
  /** Milliseconds after which every server has read a changed file of keys. Default 120 000. */
  readonly keySpreadMs?: number;
};

/** The blueprint of a resource. Existing generated values are kept; `generated` generates missing ones. */
export function blueprintOf(
  resource: CachedResource,
  parts: {
    cluster: Cluster;
    settings: Settings;
    tokenSecret: TokenSecret;
    verdict: Verdict | undefined;
    generated: GeneratedValues;
    /** Milliseconds since the epoch. */
    now: () => number;
  },
): Blueprint {
  const { cluster, settings } = parts;
  const { namespace, name, uid, spec, restartedAt } = resource;
  const names = namesOf(name);
  const stored = (secret: string) => ownSecret(cluster, resource, secret)?.secret ?? {};
  const kept = (secret: string, key: string) => parts.generated.value(uid, secret, stored(secret)[key]);
  const hmac = kept(names.hmac, "secret");
  const keys = keysOf(resource, parts);
  const { auth } = spec.server;
  return {
    namespace,
    name,
    uid,
    spec,
    image: imageOf(spec, settings.serverImage),
    telegramApiUrl: spec.telegram.apiUrl ?? settings.telegramApiUrl,
    updates: updatesOf(resource, parts),
    hmac,
    keys,
    previousKeys: previousKeys(stored(names.apiKeys)[apiKeyFileName], { auth, keys, now: parts.now() }),
    dashboard:
      spec.monitoring.dashboard.mode === "Enabled" ? { password: kept(names.dashboard, "password") } : undefined,
    verifierKey: createHmac("sha256", hmac).update("verifier").digest("hex"),
    serverReplicas: serverReplicas(resource, cluster),
    restartedAt,
    bridge: bridgePlan(resource, parts),
    hasServiceMonitor: spec.monitoring.serviceMonitor === "Auto" && cluster.has(types.serviceMonitors),
    hasHttpRoute: cluster.has(types.httpRoutes),
    url: urlOf(resource, exposureStateOf(cluster, resource)?.addresses ?? []),
    hasPrometheusRule: spec.monitoring.prometheusRule === "Auto" && cluster.has(types.prometheusRules),
  };
}

/** Whether a generated value is in the Secret that it is for. */
export const isStored = (cluster: Cluster, resource: CachedResource) => (secret: string, value: string) =>
  Object.values(ownSecret(cluster, resource, secret.replace(/\/.*/, ""))?.secret ?? {}).includes(value);

/** The keys of all clients. */
function keysOf(
  resource: CachedResource,
  {
    cluster,
    generated,
    settings,
    now,
  }: { cluster: Cluster; generated: GeneratedValues; settings: Settings; now: () => number },
): Blueprint["keys"] {
  const { name, uid, spec } = resource;
  const file = ownSecret(cluster, resource, namesOf(name).apiKeys)?.secret?.[apiKeyFileName] ?? "";
  const isTold = (key: string) => file.includes(hashedKey(key));
  const keyOf = (client: string) => {
    const connection = namesOf(name).connection(client);
    const { secret, rotation } = ownSecret(cluster, resource, connection) ?? {};
    const kept = (kind: "key" | "next", stored: string | undefined) =>
      generated.value(uid, kind === "key" ? connection : `${connection}/${kind}`, stored);
    const stored = { key: secret?.key, next: secret?.next, ...rotation };
    return clientKey(stored, { kept, isTold, now: now(), spreadMs: settings.keySpreadMs ?? keySpreadMs });
  };
  return new Map(spec.server.auth.clients.map((client) => [client.name, keyOf(client.name)]));
}

/** The kubelet updates volumes within about a minute, and servers look at their files every two seconds. */
const keySpreadMs = 120_000;

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
  if (tokenSecret === "Present" && missingSecrets(resource, cluster, "bridge").length === 0) return "Apply";
  if (!ownChild(cluster, resource, types.statefulSets, namesOf(resource.name).bridge)) return "Wait";
  // Without a pod nothing is read.
  return isHibernated(resource.spec) ? "Apply" : "Keep";
}

/** Missing Secrets that the variables of a part refer to. */
const missingSecrets = ({ namespace, spec }: CachedResource, cluster: Cluster, part: "server" | "bridge") =>
  secretsOfVariables(spec[part]).filter((name) => cluster.secret(namespace, name) === undefined);

/** Values are read only from Secrets that are ours, or were handed over to us. */
function ownSecret(cluster: Cluster, { namespace, name, uid }: CachedResource, secret: string) {
  const child = cluster.child(types.secrets, namespace, secret);
  const handedOver = child?.controllerUid === "" && child.heir === name;
  return child?.controllerUid === uid || handedOver ? child?.state : undefined;
}

/**
 * An autoscaler owns the replicas. We write them once, at creation, and repeat the current number as long as nobody has
 * changed it: leaving the field out would remove it, and the server would set it to 1.
 */
function serverReplicas(resource: CachedResource, cluster: Cluster): number | undefined {
  if (isHibernated(resource.spec)) return 0;
  const { autoscaled, min } = serverScaling(resource.spec);
  const live = ownChild(cluster, resource, types.deployments, namesOf(resource.name).server)?.state.workload;
  if (!autoscaled || !live) return min;
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

/** Everything that the status is computed from, read from the cluster now. */
export function snapshotOf(
  resource: CachedResource,
  parts: {
    cluster: Cluster;
    settings: Settings;
    tokenSecret: TokenSecret;
    verdict: Verdict | undefined;
    refused: readonly string[];
    failed: readonly string[];
    /** The parts of which a change waits for a maintenance window. */
    waiting: readonly string[];
    dryRun: readonly DryRunChange[] | undefined;
    /** Whether this operator writes the resource's children. */
    mayWrite: (resource: CachedResource) => boolean;
    probe: ProbeResult | undefined;
    exposure: ExposureSnapshot | undefined;
    exposureProbe: ExposureProbe | undefined;
    /** Milliseconds since the epoch. */
    now: () => number;
  },
): Snapshot {
  const { cluster, settings, tokenSecret, verdict, refused, failed, probe, exposure, exposureProbe } = parts;
  const { namespace, name } = resource;
  const names = namesOf(name);
  const { windows } = resource.spec.maintenance;
  const server = ownChild(cluster, resource, types.deployments, names.server)?.state.workload;
  const bridge = ownChild(cluster, resource, types.statefulSets, names.bridge)?.state.workload;
  const serverPods = livePods(cluster.podsOf(namespace, name, "mcp-server"), names.server);
  const bridgePods = livePods(cluster.podsOf(namespace, name, "bridge"), names.bridge);
  const serverTrouble = firstTrouble(currentPods(serverPods, undefined), parts.now());
  const bridgeTrouble = firstTrouble(currentPods(bridgePods, bridge?.revision), parts.now());
  return {
    resource,
    server,
    bridge,
    tokenSecret,
    verdict,
    serverTrouble: serverTrouble.trouble,
    bridgeTrouble: bridgeTrouble.trouble,
    bridgeRuns: bridgePods.some(({ running }) => running),
    bridgeFailure: bridge?.current === 0 ? cluster.creationFailure(namespace, names.bridge) : undefined,
    refused,
    failed,
    waiting: waitingOf(parts.waiting, windows, parts.now()),
    dryRun: parts.dryRun,
    emptySchedules: emptySchedules(windows, parts.now()),
    forbidden: forbiddenIn(resource.spec, settings),
    missingSecrets: [
      ...missingSecrets(resource, cluster, "server").map((name) => ({ name, field: "server.env" })),
      ...missingSecrets(resource, cluster, "bridge").map((name) => ({ name, field: "bridge.env" })),
    ],
    probe,
    exposure,
    exposureProbe,
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

/** Where and how the resource is probed. */
export function targetOf({ server, bridgeRuns }: Snapshot, blueprint: Blueprint): Target {
  const { namespace, name, uid, verifierKey, hmac } = blueprint;
  return {
    namespace,
    name,
    uid,
    mcpUrl: mcpUrl(namespace, name),
    bridgeUrl: bridgeUrl(namespace, name),
    verifierKey,
    hmac,
    hasServer: (server?.ready ?? 0) > 0,
    hasBridge: bridgeRuns,
  };
}
