import type { InformerDefinition } from "../../runtime/informer.ts";
import { storedOf } from "../../runtime/informer.ts";
import type { KubernetesObject } from "../../runtime/kubernetes-object.ts";
import type { ResourceType } from "../../runtime/resource-type.ts";
import type { Stored } from "../../runtime/store.ts";
import { type ForeignAutoscaler, foreignAutoscaler } from "../autoscaling/foreign-autoscaler.ts";
import { gatewaysOf } from "../exposure/exposure.ts";
import { type CachedGateway, reduceGateway } from "../exposure/state.ts";
import { fieldManager, managedBy } from "../names.ts";
import { type CachedPod, reducePod } from "../pods/pods.ts";
import { asksToReceive } from "../receiving/asking.ts";
import { referredConfigMapsOf, secretsOf } from "../references/referred-secrets.ts";
import * as types from "../resource-types.ts";
import {
  type CachedChild,
  type CachedResource,
  cachedChild,
  cachedResource,
  withoutPodName,
} from "./cached-objects.ts";

const define = <T extends Stored>(definition: InformerDefinition<T>) => Object.freeze(definition);

/** Values of an index that only says whether an item is one of a kind. */
const every = [""];
const none: readonly string[] = [];

const managed = `${managedBy}=${fieldManager}`;
const notManaged = `${managedBy}!=${fieldManager}`;

/** The key under which the pods of one component of one resource are indexed. */
export const podsKey = (namespace: string, instance: string, component: string) =>
  `${namespace}/${instance}/${component}`;

export const resourceDefinition = define<CachedResource>({
  type: types.cctelegramDeployments,
  reduce: cachedResource,
  indexes: {
    secret: ({ namespace, name, spec }) => secretsOf(name, spec).map((secret) => `${namespace}/${secret}`),
    configMap: ({ namespace, spec }) => referredConfigMapsOf(spec).map((name) => `${namespace}/${name}`),
    restore: ({ namespace, spec }) =>
      spec.restoreFrom?.backupName ? [`${namespace}/${spec.restoreFrom.backupName}`] : none,
    polling: ({ spec }) => (asksToReceive(spec) ? every : none),
    gateway: ({ namespace, spec }) => gatewaysOf(namespace, spec).map(({ namespace, name }) => `${namespace}/${name}`),
  },
});

/** Secrets that are not ours: only that they exist. */
export const foreignSecretDefinition = define<Stored>({
  type: types.secrets,
  reduce: storedOf,
  labelSelector: notManaged,
  metadataOnly: true,
});

/** ConfigMaps: only that they exist. Each namespace has one that nobody's variables need. */
export const configMapDefinition = define<Stored>({
  type: types.configMaps,
  reduce: storedOf,
  fieldSelector: "metadata.name!=kube-root-ca.crt",
  metadataOnly: true,
});

export const podDefinition = define<CachedPod>({
  type: types.pods,
  reduce: reducePod,
  labelSelector: managed,
  indexes: {
    pods: ({ namespace, instance, component }) => [podsKey(namespace, instance, component)],
    polling: ({ polls }) => (polls ? every : none),
  },
});

/** Why a StatefulSet's pod could not be created. */
export type CachedFailure = Stored & { readonly statefulSet: string; readonly message: string };

export const failureDefinition = define<CachedFailure>({
  type: types.events,
  reduce: reduceFailure,
  fieldSelector: "reason=FailedCreate,involvedObject.kind=StatefulSet",
  indexes: { statefulSet: ({ namespace, statefulSet }) => [`${namespace}/${statefulSet}`] },
});

/** HorizontalPodAutoscalers that are not ours, by the resource that they scale. */
export const foreignAutoscalerDefinition = define<ForeignAutoscaler>({
  type: types.horizontalPodAutoscalers,
  reduce: foreignAutoscaler,
  labelSelector: notManaged,
  indexes: { resource: ({ namespace, resource }) => (resource === "" ? none : [`${namespace}/${resource}`]) },
});

export const gatewayDefinition = define<CachedGateway>({
  type: types.gateways,
  reduce: reduceGateway,
  optional: true,
});

/** Of each type of children, in the order in which they are watched. */
export const childDefinitions: ReadonlyMap<ResourceType, InformerDefinition<CachedChild>> = new Map(
  [...types.optionalChildTypes, ...types.childTypes].map((type) => [type, childDefinition(type)]),
);

function childDefinition(type: ResourceType): InformerDefinition<CachedChild> {
  return define<CachedChild>({
    type,
    reduce: cachedChild(type.kind),
    labelSelector: managed,
    optional: types.optionalChildTypes.some((optional) => optional === type),
    indexes: {
      owner: ({ controllerUid }) => [controllerUid],
      ...(type === types.statefulSets ? { polling: ({ state }) => (state.workload?.polls ? every : none) } : {}),
    },
  });
}

function reduceFailure(object: KubernetesObject): CachedFailure {
  const { name = "" } = (object.involvedObject ?? {}) as { name?: string };
  return { ...storedOf(object), statefulSet: name, message: withoutPodName(String(object.message ?? "")) ?? "" };
}
