import { isDeepStrictEqual } from "node:util";
import type { ObjectKey } from "../runtime/controller.ts";
import type { KubernetesObject } from "../runtime/kubernetes-object.ts";
import type { Change, Reflector } from "../runtime/reflector.ts";
import type { ResourceType } from "../runtime/resource-type.ts";
import { Store, type Stored } from "../runtime/store.ts";
import {
  type CachedChild,
  type CachedResource,
  cachedChild,
  cachedResource,
  identity,
  withoutPodName,
} from "./cached-objects.ts";
import { gatewaysOf } from "./exposure/exposure.ts";
import { type CachedGateway, reduceGateway } from "./exposure/state.ts";
import { fieldManager, managedBy } from "./names.ts";
import { type CachedPod, reducePod, samePod } from "./pods.ts";
import { asksToReceive } from "./receiving/asking.ts";
import type { TokenRef } from "./receiving/polled-token.ts";
import { secretsOf } from "./referred-secrets.ts";
import * as types from "./resource-types.ts";

/** What a reflector needs; main adds client, clock and metrics. */
export type Watch<T extends Stored> = {
  readonly type: ResourceType;
  readonly store: Store<T>;
  readonly reduce: (object: KubernetesObject) => T;
  readonly onChange: (change: Change<T>) => void;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly metadataOnly?: boolean;
  /** The type's CRD may be missing. */
  readonly optional?: boolean;
  readonly onPresence?: (present: boolean) => void;
};

/** Starts one reflector for each watched namespace, or one for all. With watched namespaces, none for a type without namespaces. */
export type StartWatch = <T extends Stored>(watch: Watch<T>) => readonly Reflector<T>[];

/** What reads a bot's updates, or soon will: a pod, or a StatefulSet by its template. */
export type Polling = ObjectKey & { readonly ref: TokenRef; readonly pod?: string };

/** Values of an index that only says whether an item is one of a kind. */
const every = [""];
const none: readonly string[] = [];

type CachedFailure = Stored & { readonly message: string };

/** The key under which the pods of one component of one resource are indexed. */
const podsKey = (namespace: string, instance: string, component: string) => `${namespace}/${instance}/${component}`;

/** Everything that the controller knows of the cluster, kept up to date by reflectors. */
export class Cache {
  readonly resources = new Store<CachedResource>({
    secret: ({ namespace, name, spec }) => secretsOf(name, spec).map((secret) => `${namespace}/${secret}`),
    polling: ({ spec }) => (asksToReceive(spec) ? every : none),
    gateway: ({ namespace, spec }) => gatewaysOf(namespace, spec).map(({ namespace, name }) => `${namespace}/${name}`),
  });
  /** Secrets that are not ours: only that they exist. */
  readonly #foreignSecrets = new Store<Stored>();
  readonly #pods = new Store<CachedPod>({
    pods: ({ namespace, instance, component }) => [podsKey(namespace, instance, component)],
    polling: ({ polls }) => (polls ? every : none),
  });
  readonly #failures = new Store<CachedFailure & { readonly statefulSet: string }>({
    statefulSet: ({ namespace, statefulSet }) => [`${namespace}/${statefulSet}`],
  });
  readonly #gateways = new Store<CachedGateway>();
  readonly #children = new Map<string, Store<CachedChild>>();
  readonly #reflectors = new Map<ResourceType, readonly Reflector<never>[]>();
  readonly #enqueue: (key: ObjectKey) => void;

  constructor(enqueue: (key: ObjectKey) => void) {
    this.#enqueue = enqueue;
    for (const type of allChildTypes) {
      const store = new Store<CachedChild>({
        owner: ({ controllerUid }) => [controllerUid],
        ...(type === types.statefulSets ? { polling: ({ state }) => (state.workload?.polls ? every : none) } : {}),
      });
      this.#children.set(type.plural, store);
    }
  }

  /** Starts all watches, and returns their reflectors. */
  watch(start: StartWatch, onResource: (change: Change<CachedResource>) => void): Reflector<never>[] {
    const watches = [
      keep({ type: types.cctelegramDeployments, store: this.resources, reduce: cachedResource, onChange: onResource }),
      keep({
        type: types.secrets,
        store: this.#foreignSecrets,
        reduce: identity,
        labelSelector: notManaged,
        metadataOnly: true,
        onChange: ({ before, after }) => this.#onSecret(after ?? before),
      }),
      keep({
        type: types.pods,
        store: this.#pods,
        reduce: reducePod,
        labelSelector: managed,
        onChange: ({ before, after }) => this.#onPod(before, after),
      }),
      keep({
        type: types.events,
        store: this.#failures,
        reduce: reduceFailure,
        fieldSelector: "reason=FailedCreate,involvedObject.kind=StatefulSet",
        onChange: ({ before, after }) => this.#onFailure(before, after),
      }),
      // By name, so that the operator needs rights for these only.
      ...types.optionalTypes.map((type) =>
        keep({
          type: types.customResourceDefinitions,
          store: new Store<Stored>(),
          reduce: identity,
          metadataOnly: true,
          fieldSelector: `metadata.name=${type.plural}.${type.group}`,
          onChange: () => this.#onDefinition(type),
        }),
      ),
      ...types.optionalChildTypes.map((type) =>
        keep({ ...this.#childWatch(type), optional: true, onPresence: () => this.#enqueueAll() }),
      ),
      keep({
        type: types.gateways,
        store: this.#gateways,
        reduce: reduceGateway,
        optional: true,
        onPresence: () => this.#enqueueAll(),
        onChange: ({ before, after }) => this.#onGateway(before, after),
      }),
      ...types.childTypes.map((type) => keep(this.#childWatch(type))),
    ];
    return watches.flatMap((watch) => {
      const reflectors = start(watch);
      this.#reflectors.set(watch.type, reflectors);
      return reflectors;
    });
  }

  child(type: ResourceType, namespace: string, name: string): CachedChild | undefined {
    return this.#children.get(type.plural)?.get(namespace, name);
  }

  /** Any Secret, whoever owns it. */
  secret(namespace: string, name: string): Stored | undefined {
    return this.#foreignSecrets.get(namespace, name) ?? this.child(types.secrets, namespace, name);
  }

  /** The children that the resource with this uid controls. */
  *childrenOf(uid: string): Generator<{ readonly type: ResourceType; readonly child: CachedChild }> {
    for (const type of allChildTypes) {
      for (const child of this.#children.get(type.plural)?.byIndex("owner", uid) ?? []) yield { type, child };
    }
  }

  /** Stores an answer of the API server before its watch event arrives, so that no write is repeated. */
  observe(type: ResourceType, object: KubernetesObject): void {
    const { namespace } = object.metadata;
    const watching = this.#reflectors.get(type)?.find((one) => (one.namespace ?? namespace) === namespace);
    watching?.observe(object);
  }

  podsOf(namespace: string, instance: string, component: string): CachedPod[] {
    return this.#pods.byIndex("pods", podsKey(namespace, instance, component));
  }

  /** The resources that ask to receive what people say to a bot. */
  claimants(): CachedResource[] {
    return this.resources.byIndex("polling", "");
  }

  /** The StatefulSets and pods that read a bot's updates, or soon will, with the names of their resources. */
  pollers(): Polling[] {
    const sets = this.#children.get(types.statefulSets.plural)?.byIndex("polling", "") ?? [];
    return [
      ...sets.flatMap(({ namespace, owner, heir, name, state }) => {
        const ref = state.workload?.polls;
        return ref ? [{ namespace, name: owner ?? heir ?? name, ref }] : [];
      }),
      ...this.#pods
        .byIndex("polling", "")
        .flatMap(({ namespace, instance: name, uid: pod, polls: ref }) => (ref ? [{ namespace, name, ref, pod }] : [])),
    ];
  }

  /** Why the StatefulSet's pod could not be created, by its newest event. */
  creationFailure(namespace: string, statefulSet: string): string | undefined {
    return this.#failures.byIndex("statefulSet", `${namespace}/${statefulSet}`).at(-1)?.message;
  }

  /** Any Gateway; undefined also if the operator may not read it. */
  gateway(namespace: string, name: string): CachedGateway | undefined {
    return this.#gateways.get(namespace, name);
  }

  /** Whether the CRD of an optional type is installed. */
  has(type: ResourceType): boolean {
    return this.#reflectors.get(type)?.some(({ absent }) => !absent) ?? false;
  }

  #childWatch(type: ResourceType): Watch<CachedChild> {
    const store = this.#children.get(type.plural) ?? raise(`${type.plural} is no child type`);
    return {
      type,
      store,
      reduce: cachedChild(type.kind),
      labelSelector: managed,
      onChange: ({ before, after }) => {
        this.#onChild(before, after);
        // A person may label a bot token's Secret like ours.
        if (type === types.secrets) this.#onSecret(after ?? before);
      },
    };
  }

  #onChild(before: CachedChild | undefined, after: CachedChild | undefined): void {
    if (before && after && before.fingerprint === after.fingerprint && sameState(before, after)) return;
    for (const { namespace, owner, heir } of [before, after].filter((child) => child !== undefined)) {
      const name = owner ?? heir;
      if (name !== undefined) this.#enqueue({ namespace, name });
    }
  }

  #onPod(before: CachedPod | undefined, after: CachedPod | undefined): void {
    const pod = after ?? before;
    if (!pod || (before && after && samePod(before, after))) return;
    this.#enqueue({ namespace: pod.namespace, name: pod.instance });
  }

  #onFailure(
    before: { message: string } | undefined,
    after: (CachedFailure & { statefulSet: string }) | undefined,
  ): void {
    const owner = after && this.child(types.statefulSets, after.namespace, after.statefulSet)?.owner;
    if (after && owner !== undefined && before?.message !== after.message) {
      this.#enqueue({ namespace: after.namespace, name: owner });
    }
  }

  #onSecret(secret: Stored | undefined): void {
    if (!secret) return;
    for (const { namespace, name } of this.resources.byIndex("secret", `${secret.namespace}/${secret.name}`)) {
      this.#enqueue({ namespace, name });
    }
  }

  #onGateway(before: CachedGateway | undefined, after: CachedGateway | undefined): void {
    const gateway = after ?? before;
    if (!gateway || (before && after && isDeepStrictEqual(before.addresses, after.addresses))) return;
    for (const { namespace, name } of this.resources.byIndex("gateway", `${gateway.namespace}/${gateway.name}`)) {
      this.#enqueue({ namespace, name });
    }
  }

  /** A CRD was installed or removed: reflectors of its type check again, and resources may need other children. */
  #onDefinition(type: ResourceType): void {
    for (const reflector of this.#reflectors.get(type) ?? []) reflector.recheck();
  }

  #enqueueAll(): void {
    for (const { namespace, name } of this.resources.items()) this.#enqueue({ namespace, name });
  }
}

const allChildTypes = [...types.childTypes, ...types.optionalChildTypes];

const managed = `${managedBy}=${fieldManager}`;
const notManaged = `${managedBy}!=${fieldManager}`;

/** Allows watches of different types in one list. */
const keep = <T extends Stored>(watch: Watch<T>) => watch as unknown as Watch<never>;

const sameState = (a: CachedChild, b: CachedChild) => JSON.stringify(a.state) === JSON.stringify(b.state);

function reduceFailure(object: KubernetesObject): CachedFailure & { readonly statefulSet: string } {
  const { name = "" } = (object.involvedObject ?? {}) as { name?: string };
  return { ...identity(object), statefulSet: name, message: withoutPodName(String(object.message ?? "")) ?? "" };
}

function raise(message: string): never {
  throw new Error(message);
}
