import type { ObjectKey } from "../../runtime/controller.ts";
import type { Informer } from "../../runtime/informer.ts";
import type { KubernetesObject } from "../../runtime/kubernetes-object.ts";
import type { Manager } from "../../runtime/manager.ts";
import type { ResourceType } from "../../runtime/resource-type.ts";
import type { Store, Stored } from "../../runtime/store.ts";
import { type ForeignAutoscaler, isOfOurs } from "../autoscaling/foreign-autoscaler.ts";
import { backupDefinition, type CachedBackup } from "../backup/cached-backup.ts";
import type { CachedGateway } from "../exposure/state.ts";
import type { CachedPod } from "../pods/pods.ts";
import type { TokenRef } from "../receiving/polled-token.ts";
import * as types from "../resource-types.ts";
import type { CachedChild, CachedResource } from "./cached-objects.ts";
import {
  type CachedFailure,
  childDefinitions,
  configMapDefinition,
  failureDefinition,
  foreignAutoscalerDefinition,
  foreignSecretDefinition,
  gatewayDefinition,
  podDefinition,
  podsKey,
  resourceDefinition,
} from "./definitions.ts";

/** What reads a bot's updates, or soon will: a pod, or a StatefulSet by its template. */
export type Polling = ObjectKey & { readonly ref: TokenRef; readonly pod?: string };

/** Everything that the controller knows of the cluster, kept up to date by informers. */
export class Cluster {
  readonly informers: {
    readonly resources: Informer<CachedResource>;
    readonly foreignSecrets: Informer<Stored>;
    readonly configMaps: Informer<Stored>;
    readonly pods: Informer<CachedPod>;
    readonly failures: Informer<CachedFailure>;
    readonly gateways: Informer<CachedGateway>;
    readonly foreignAutoscalers: Informer<ForeignAutoscaler>;
    readonly backups: Informer<CachedBackup>;
    readonly children: ReadonlyMap<ResourceType, Informer<CachedChild>>;
  };

  constructor(manager: Pick<Manager, "informer">) {
    this.informers = {
      resources: manager.informer(resourceDefinition),
      foreignSecrets: manager.informer(foreignSecretDefinition),
      configMaps: manager.informer(configMapDefinition),
      pods: manager.informer(podDefinition),
      failures: manager.informer(failureDefinition),
      gateways: manager.informer(gatewayDefinition),
      foreignAutoscalers: manager.informer(foreignAutoscalerDefinition),
      backups: manager.informer(backupDefinition),
      children: new Map([...childDefinitions].map(([type, definition]) => [type, manager.informer(definition)])),
    };
  }

  get resources(): Store<CachedResource> {
    return this.informers.resources.store;
  }

  child(type: ResourceType, namespace: string, name: string): CachedChild | undefined {
    return this.informers.children.get(type)?.store.get(namespace, name);
  }

  /** Any Secret, whoever owns it. */
  secret(namespace: string, name: string): Stored | undefined {
    return this.informers.foreignSecrets.store.get(namespace, name) ?? this.child(types.secrets, namespace, name);
  }

  readonly configMap = (namespace: string, name: string): Stored | undefined =>
    this.informers.configMaps.store.get(namespace, name);

  /** The children that the resource with this uid controls. */
  *childrenOf(uid: string): Generator<{ readonly type: ResourceType; readonly child: CachedChild }> {
    for (const [type, { store }] of this.informers.children) {
      for (const child of store.byIndex("owner", uid)) yield { type, child };
    }
  }

  /** Stores what a write answered before its watch event arrives, so that no write is repeated. */
  observe(type: ResourceType, object: KubernetesObject): void {
    const { resources, children } = this.informers;
    (type === types.cctelegramDeployments ? resources : children.get(type))?.observe(object);
  }

  /** The backups of a resource, whoever made them. */
  backupsOf(namespace: string, name: string): CachedBackup[] {
    return this.informers.backups.store.byIndex("deployment", `${namespace}/${name}`);
  }

  podsOf(namespace: string, instance: string, component: string): CachedPod[] {
    return this.informers.pods.store.byIndex("pods", podsKey(namespace, instance, component));
  }

  /** The resources that ask to receive what people say to a bot. */
  claimants(): CachedResource[] {
    return this.resources.byIndex("polling", "");
  }

  /** The StatefulSets and pods that read a bot's updates, or soon will, with the names of their resources. */
  pollers(): Polling[] {
    const { children, pods } = this.informers;
    const sets = children.get(types.statefulSets)?.store.byIndex("polling", "") ?? [];
    return [
      ...sets.flatMap(({ namespace, owner, heir, name, state }) => {
        const ref = state.workload?.polls;
        return ref ? [{ namespace, name: owner ?? heir ?? name, ref }] : [];
      }),
      ...pods.store
        .byIndex("polling", "")
        .flatMap(({ namespace, instance: name, uid: pod, polls: ref }) => (ref ? [{ namespace, name, ref, pod }] : [])),
    ];
  }

  /** Why the StatefulSet's pod could not be created, by its newest event. */
  creationFailure(namespace: string, statefulSet: string): string | undefined {
    return this.informers.failures.store.byIndex("statefulSet", `${namespace}/${statefulSet}`).at(-1)?.message;
  }

  /** Any Gateway; undefined also if the operator may not read it. */
  gateway(namespace: string, name: string): CachedGateway | undefined {
    return this.informers.gateways.store.get(namespace, name);
  }

  /** A HorizontalPodAutoscaler that is not ours and scales the resource, or its servers. */
  otherAutoscaler(namespace: string, name: string): ForeignAutoscaler | undefined {
    const { store } = this.informers.foreignAutoscalers;
    return store.byIndex("resource", `${namespace}/${name}`).find((each) => !isOfOurs(each));
  }

  /** Whether the CRD of an optional type of children is installed. */
  has(type: ResourceType): boolean {
    return this.informers.children.get(type)?.present ?? false;
  }
}
