import type { V1PersistentVolumeClaim as Claim, V1PodTemplateSpec } from "@kubernetes/client-node";
import { apiKeyFileName } from "../../../contract/api-key.ts";
import { type DeploymentSpec, deploymentSpec } from "../../api/spec.ts";
import type { DeploymentStatus } from "../../api/status.ts";
import { storedOf } from "../../runtime/informer.ts";
import { interned } from "../../runtime/interned.ts";
import { controllerOf, type KubernetesObject } from "../../runtime/kubernetes-object.ts";
import { owned } from "../../runtime/owned-fields.ts";
import type { Stored } from "../../runtime/store.ts";
import { autoscalerState, type ScalingState, scaledObjectState } from "../autoscaling/state.ts";
import { withoutDefaultReplicas } from "../default-replicas.ts";
import { addressesIn, type ExposureState, parentsIn } from "../exposure/state.ts";
import {
  adoptionAnnotation,
  fieldManager,
  importMarkAnnotation,
  pairAnnotation,
  promoteAnnotation,
  restartAnnotation,
  undoAnnotation,
  variablesAnnotation,
} from "../names.ts";
import { printable } from "../printable.ts";
import { polledToken, type TokenRef } from "../receiving/polled-token.ts";
import { cctelegramDeployments } from "../resource-types.ts";
import { appliedImage, type ServersState, serversIn, templateIn } from "../rollout/applied.ts";
import type { Template } from "../rollout/template.ts";
import { type Track, trackIn } from "../rollout/tracks.ts";
import { type StoredRotation, storedRotation } from "../secrets/stored-value.ts";

/** What is kept of a CCTelegramDeployment. */
export type CachedResource = Stored & {
  readonly generation: number;
  readonly deleting: boolean;
  /** RFC 3339, whole seconds. */
  readonly createdAt: string;
  /** The spec as people wrote it. */
  readonly spec: DeploymentSpec;
  /** What the operator has written to `server.replicas`; `spec` leaves it out. */
  readonly defaultReplicas?: number;
  readonly status: DeploymentStatus;
  /** The value of the restart annotation; any other value requests another restart. */
  readonly restartedAt?: string;
  /** Values of the annotations by which people decide a rollout. */
  readonly promote?: string;
  readonly undo?: string;
  /** The code of somebody who shall be let in. */
  readonly pair?: string;
};

/** What is kept of a child: its owner, its fingerprint, and the few fields that decisions need. */
export type CachedChild = Stored & {
  /** Name of the resource that controls it. */
  readonly owner: string | undefined;
  /** Of the controlling owner, of any kind; "" without one. */
  readonly controllerUid: string;
  /** The resource that may take it over while it has no controller. */
  readonly heir: string | undefined;
  readonly fingerprint: string;
  /** Not applied yet, only created. */
  readonly created: boolean;
  readonly state: ChildState;
};

type ChildState = {
  /** Deployment and StatefulSet. */
  readonly workload?: WorkloadState;
  /** Secrets: the values that are generated once and then kept. */
  readonly secret?: Readonly<Record<string, string>>;
  /** Secrets: how their value changes. */
  readonly rotation?: StoredRotation;
  /** Services: the track that they select. */
  readonly track?: Track | undefined;
  /** HorizontalPodAutoscaler and ScaledObject: whether it gets the numbers that it needs. */
  readonly scaling?: ScalingState;
  /** Ingress, HTTPRoute, and Services with an external address: what its controller reports. */
  readonly exposure?: ExposureState;
};

export type WorkloadState = {
  readonly observed: boolean;
  readonly replicas: number;
  readonly ownsReplicas: boolean;
  readonly current: number;
  readonly updated: number;
  readonly ready: number;
  /** The newest template, as in the pods' label; undefined for a Deployment, whose status does not name it. */
  readonly revision?: string | undefined;
  /** The bot token with which the pods of its template read a bot's updates. */
  readonly polls?: TokenRef | undefined;
  /** What its template says of the Secrets that variables refer to. */
  readonly variables?: string | undefined;
  /** Deployment: its revision. */
  readonly servers?: ServersState | undefined;
  /** The image that was applied. */
  readonly image?: string | undefined;
  /** The restart that its pods were made with. */
  readonly restartedAt?: string | undefined;
  /** A StatefulSet: what the template of its claim asks for. */
  readonly claimSize?: string | undefined;
  /** Which imported keys the pods of its template know. */
  readonly importMark?: string | undefined;
  /** A Deployment whose new pods have not become ready within progressDeadlineSeconds. */
  readonly deadlineExceeded?: boolean;
  /** Why pods cannot be created, for example an exceeded quota. */
  readonly failure: string | undefined;
};

type Fields = Readonly<Record<string, unknown>>;

export function cachedResource(object: KubernetesObject): CachedResource {
  const restartedAt = object.metadata.annotations?.[restartAnnotation];
  return {
    ...storedOf(object),
    generation: object.metadata.generation ?? 0,
    deleting: object.metadata.deletionTimestamp !== undefined,
    createdAt: object.metadata.creationTimestamp ?? "",
    ...withoutDefaultReplicas(object, specOf(object)),
    status: (object.status ?? {}) as DeploymentStatus,
    ...(restartedAt ? { restartedAt: printable(restartedAt, longestWish) } : {}),
    ...wishesOf(object),
  };
}

function wishesOf({
  metadata: { annotations = {} },
}: KubernetesObject): Pick<CachedResource, "promote" | "undo" | "pair"> {
  const { [promoteAnnotation]: promote, [undoAnnotation]: undo, [pairAnnotation]: pair } = annotations;
  return {
    ...(promote ? { promote: printable(promote, longestWish) } : {}),
    ...(undo ? { undo: printable(undo, longestWish) } : {}),
    ...(pair ? { pair: printable(pair, longestWish) } : {}),
  };
}

/** In characters; a timestamp has 20. */
const longestWish = 64;

/**
 * The API server fills in the defaults of the installed CRD. If the CRD is older than this operator, fields are missing;
 * if it is newer, there are unknown fields in addition to ours.
 */
function specOf({ spec }: KubernetesObject): DeploymentSpec {
  if (hasAll(spec, defaults)) return spec as DeploymentSpec;
  const completed = deploymentSpec.safeParse(spec);
  return completed.success ? completed.data : (spec as DeploymentSpec);
}

const telegram = { botTokenSecretRef: { name: "any" }, allowedUsers: [1] };
/** Every field that has a default. */
const defaults = deploymentSpec.parse({ telegram });

/** Checking for the fields takes a hundredth of the time of parsing, and is nearly always enough. */
function hasAll(value: unknown, fields: object): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(fields).every(([name, field]) => {
    const own = (value as Fields)[name];
    const isGroup = typeof field === "object" && field !== null && !Array.isArray(field);
    return isGroup ? hasAll(own, field) : own !== undefined;
  });
}

/** Reduces a child of the given kind; most need no state beyond their fingerprint. */
export function cachedChild(kind: string): (object: KubernetesObject) => CachedChild {
  const stateOf = states[kind] ?? (() => noState);
  return (object) => {
    const { fields, fingerprint, created } = owned(object, fieldManager);
    const owner = controllerOf(object);
    const ours = owner?.kind === cctelegramDeployments.kind;
    const heir = object.metadata.annotations?.[adoptionAnnotation];
    return {
      ...storedOf(object),
      owner: ours ? interned(owner.name) : undefined,
      controllerUid: interned(owner?.uid ?? ""),
      heir: heir === undefined ? undefined : interned(heir),
      fingerprint,
      created,
      state: stateOf(object, (fields ?? {}) as Fields),
    };
  };
}

const noState: ChildState = {};

const states: Readonly<Record<string, (object: KubernetesObject, owned: Fields) => ChildState>> = {
  Deployment: (object, owned) => workload(object, owned, (template) => ({ servers: serversIn(object, template) })),
  StatefulSet: (object, owned) => workload(object, owned, appliedImage),
  Service: serviceState,
  Ingress: addressesOf,
  HTTPRoute: parentsOf,
  HorizontalPodAutoscaler: autoscalerState,
  ScaledObject: scaledObjectState,
  Secret: (object) => ({ secret: generated(object.data as Fields | undefined), rotation: storedRotation(object) }),
};

function workload(
  object: KubernetesObject,
  owned: Fields,
  more: (template: Template) => Pick<WorkloadState, "servers" | "image">,
): ChildState {
  const spec = object.spec as { replicas?: number; template?: V1PodTemplateSpec; volumeClaimTemplates?: Claim[] };
  const claimSize = spec.volumeClaimTemplates?.[0]?.spec?.resources?.requests?.storage;
  const polls = spec.replicas === 0 ? undefined : polledToken(spec.template?.spec);
  const status = (object.status ?? {}) as WorkloadStatus;
  const conditions = status.conditions ?? [];
  return {
    workload: {
      observed: (status.observedGeneration ?? 0) >= (object.metadata.generation ?? 0),
      replicas: spec.replicas ?? 1,
      ownsReplicas: (owned.spec as Fields | undefined)?.replicas !== undefined,
      current: status.replicas ?? 0,
      updated: status.updatedReplicas ?? 0,
      ready: status.readyReplicas ?? 0,
      ...(status.updateRevision ? { revision: interned(status.updateRevision) } : {}),
      ...(polls ? { polls } : {}),
      ...more(templateIn(owned)),
      ...(claimSize ? { claimSize: interned(claimSize) } : {}),
      ...annotationsIn(spec.template),
      ...(conditions.some(({ reason }) => reason === "ProgressDeadlineExceeded") ? { deadlineExceeded: true } : {}),
      failure: withoutPodName(
        conditions.find(({ type, status }) => type === "ReplicaFailure" && status === "True")?.message,
      ),
    },
  };
}

function annotationsIn(template: V1PodTemplateSpec | undefined) {
  const {
    [variablesAnnotation]: variables,
    [restartAnnotation]: restartedAt,
    [importMarkAnnotation]: importMark,
  } = template?.metadata?.annotations ?? {};
  return {
    ...(variables ? { variables } : {}),
    ...(restartedAt ? { restartedAt } : {}),
    ...(importMark ? { importMark: interned(importMark) } : {}),
  };
}

function addressesOf(object: KubernetesObject): ChildState {
  const addresses = addressesIn(object.status);
  return addresses.length === 0 ? noState : { exposure: { addresses, parents: [] } };
}

function serviceState(object: KubernetesObject): ChildState {
  const { selector } = (object.spec ?? {}) as { selector?: Record<string, string> };
  const track = trackIn(selector);
  return { ...addressesOf(object), ...(track ? { track } : {}) };
}

function parentsOf(object: KubernetesObject): ChildState {
  return { exposure: { addresses: [], parents: parentsIn(object) } };
}

type WorkloadStatus = {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly readyReplicas?: number;
  readonly updateRevision?: string;
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
    readonly message?: string;
  }[];
};

/** Every attempt names another pod; without the name the message, and so our status, does not change. */
export const withoutPodName = (message: string | undefined) => message?.replace(/^.*?pods "[^"]*" is forbidden: /, "");

/** Values that are stored nowhere else and must be kept: the HMAC secret, keys, hashes of keys, and the dashboard's password. */
function generated(data: Fields | undefined): Record<string, string> {
  const values = Object.entries(data ?? {}).filter(([key]) => keptKeys.has(key));
  return Object.fromEntries(values.map(([key, value]) => [key, Buffer.from(String(value), "base64").toString()]));
}

const keptKeys: ReadonlySet<string> = new Set([
  "secret",
  "key",
  "next",
  "previous",
  "password",
  "salt",
  apiKeyFileName,
]);
