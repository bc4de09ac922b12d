import type { Condition, DeploymentStatus } from "../../api/status.ts";
import type { WorkloadState } from "../cache/cached-objects.ts";
import { urlOf } from "../exposure/exposure.ts";
import { mcpUrl, namesOf, selectorLabels } from "../names.ts";
import { BRIDGE_FENCED } from "../pausing/fencing.ts";
import { HIBERNATED } from "../pausing/hibernation.ts";
import { DELIVERY_PAUSED } from "../pausing/paused-delivery.ts";
import { printable } from "../printable.ts";
import { rounded } from "../probing/parts-probe.ts";
import { trackLabels } from "../rollout/tracks.ts";
import type { Snapshot } from "../snapshot.ts";
import { causesOf } from "./causes.ts";
import { conditionsOf, longestMessage } from "./conditions/conditions.ts";

/** The status for a snapshot. Pure: the same snapshot gives the same status. */
export function statusOf(snapshot: Snapshot, now: string): DeploymentStatus {
  const { resource, server, bridge, probe, runningImage, imageOfAllPods, rollout } = snapshot;
  const names = namesOf(resource.name);
  const version = runningImage === undefined ? resource.status.version : tagOf(runningImage);
  const queue = probe?.bridge?.answered ? rounded(probe.bridge.queue.pending) : resource.status.queue;
  const conditions = conditionsOf(snapshot, now);
  const causes = causesOf(snapshot, conditions).map(({ message, ...cause }) => ({
    ...cause,
    message: printable(message, longestMessage),
  }));
  return {
    observedGeneration: resource.generation,
    conditions,
    ...(causes.length === 0 ? {} : { causes }),
    url: urlOf(resource, snapshot.exposure?.state?.addresses ?? []),
    internalUrl: mcpUrl(resource.namespace, resource.name),
    ...(version === undefined ? {} : { version }),
    ...(imageOfAllPods === undefined ? {} : { runningImage: imageOfAllPods }),
    ...acceptedImage(snapshot),
    replicas: server?.current ?? 0,
    readyReplicas: server?.ready ?? 0,
    ...(resource.defaultReplicas === undefined ? {} : { defaultReplicas: resource.defaultReplicas }),
    selector: selectorOf(resource.name, rollout),
    servers: pods(server),
    ...(rollout === undefined ? {} : { rollout }),
    bridge: pods(bridge),
    ...(queue === undefined ? {} : { queue }),
    ...secretsOf(snapshot),
    ...backupStatus(snapshot),
    clients: resource.spec.server.auth.clients.map(({ name }) => ({ name, secretName: names.connection(name) })),
    ...pairingOf(resource),
    ...remembered(snapshot.replacement ?? resource.status.podReplacements),
    ...(snapshot.dryRun === undefined ? {} : { dryRun: { changes: [...snapshot.dryRun] } }),
  };
}

/** What became of the code, while the resource has one. */
const pairingOf = ({ pair, status: { pairing } }: Snapshot["resource"]) =>
  pair === undefined || pairing === undefined ? {} : { pairing };

/** How old secrets are. */
function secretsOf({ secrets }: Snapshot): Pick<DeploymentStatus, "secrets"> {
  return secrets ? { secrets: secrets.ages.map(({ client: _, ...age }) => age) } : {};
}

function backupStatus({ backups }: Snapshot): Pick<DeploymentStatus, "backup"> {
  const { last, next } = backups ?? {};
  if (last === undefined && next === undefined) return {};
  return {
    backup: {
      ...(last === undefined ? {} : { lastSuccessfulBackup: last.name, lastSuccessfulTime: last.startedAt }),
      ...(next === undefined ? {} : { nextScheduledTime: next }),
    },
  };
}

/** The one that was accepted last, which the pods run also while another one is not accepted. */
function acceptedImage({ image, resource }: Snapshot): Pick<DeploymentStatus, "image"> {
  const shown = image?.state === "Accepted" ? image.shown : resource.status.image;
  return shown === undefined || image?.state === "AsWritten" ? {} : { image: shown };
}
const remembered = (podReplacements: DeploymentStatus["podReplacements"]) =>
  podReplacements === undefined ? {} : { podReplacements };

const pods = (workload: WorkloadState | undefined) => (workload ? `${workload.ready}/${workload.replicas}` : "0/0");

/** Autoscalers count the pods that clients reach. */
const selectorOf = (resource: string, rollout: Snapshot["rollout"]) =>
  Object.entries({ ...selectorLabels(resource, "mcp-server"), ...trackLabels(rollout?.track) })
    .map(([key, value]) => `${key}=${value}`)
    .join(",");

/** "1.2.3" of "registry:5000/image:1.2.3@sha256:…"; without a tag the digest, without both "latest". */
export function tagOf(image: string): string {
  const [name = "", digest] = image.split("@");
  return /:([^:/]+)$/.exec(name)?.[1] ?? digest ?? "latest";
}

export type Transition = { readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string };

/** Changes that a person wants to see in `kubectl describe`. */
export function transitions(before: readonly Condition[], after: readonly Condition[]): Transition[] {
  return after.flatMap((condition) => {
    const old = before.find(({ type }) => type === condition.type);
    return announcements[condition.type]?.(condition, old) ?? [];
  });
}

/** Somebody keeps messages from being delivered. */
const isHeld = (reason: string | undefined) => reason === DELIVERY_PAUSED || reason === BRIDGE_FENCED;

/** What people asked for: another condition announces it. */
const announcedElsewhere: ReadonlySet<string> = new Set([HIBERNATED, BRIDGE_FENCED]);

type Announcement = (condition: Condition, before: Condition | undefined) => Transition[];

const announcements: Readonly<Record<string, Announcement>> = {
  Ready: ({ status, reason, message }, before) => {
    if (status === "True" && before?.status !== "True") return [{ type: "Normal", reason: "Ready", message }];
    if (status !== "True" && before?.status === "True" && !announcedElsewhere.has(reason))
      return [{ type: "Warning", reason: "NotReady", message: `${reason}: ${message}` }];
    return [];
  },
  Degraded: ({ status, reason, message }, before) => {
    const news = status === "True" && (before?.status !== "True" || before.reason !== reason);
    return news ? [{ type: "Warning", reason, message }] : [];
  },
  Delivering: ({ status, reason, message }, before) => {
    const wasPaused = isHeld(before?.reason);
    if (isHeld(reason)) return before?.reason === reason ? [] : [{ type: "Normal", reason, message }];
    if (wasPaused && status === "True") return [{ type: "Normal", reason: "DeliveryResumed", message }];
    const isNews = status === "False" && (before?.status !== "False" || before.message !== message);
    return isNews ? [{ type: "Warning", reason, message }] : [];
  },
  Exposed: ({ status, message }, before) => {
    const news = status === "True" && before?.status !== "True";
    return news ? [{ type: "Normal", reason: "Exposed", message }] : [];
  },
  Autoscaling: ({ status, reason, message }, before) => {
    const news = status === "False" && (before?.status !== "False" || before.reason !== reason);
    return news ? [{ type: "Warning", reason, message }] : [];
  },
  Receiving: ({ status, message }, before) => {
    const news = status === "True" && before?.status !== "True";
    return news ? [{ type: "Normal", reason: "Receiving", message }] : [];
  },
  BackupSucceeded: ({ status, reason, message }, before) => {
    const news = status === "False" && (before?.status !== "False" || before.reason !== reason);
    return news ? [{ type: "Warning", reason, message }] : [];
  },
  Restored: ({ status, message }, before) => {
    const news = status === "True" && before?.status !== "True";
    return news ? [{ type: "Normal", reason: "Restored", message }] : [];
  },
  Paused: ({ status, message }, before) => {
    if (status === (before?.status ?? "False")) return [];
    return [{ type: "Normal", reason: status === "True" ? "Paused" : "Resumed", message }];
  },
  Hibernated: ({ status, message }, before) => {
    if (status === (before?.status ?? "False")) return [];
    return [{ type: "Normal", reason: status === "True" ? HIBERNATED : "Woken", message }];
  },
};
