import { interned } from "./interned.ts";
import type { KubernetesObject } from "./kubernetes-object.ts";
import type { Change } from "./mirror.ts";
import type { Reflector } from "./reflector.ts";
import type { ResourceType } from "./resource-type.ts";
import { type IndexFunction, Store, type Stored } from "./store.ts";

/** What is watched, and what is kept of it. Objects of a definition are kept once, however many controllers use them. */
export type InformerDefinition<T extends Stored> = {
  readonly type: ResourceType;
  /** Reduces an object to what controllers need of it. */
  readonly reduce: (object: KubernetesObject) => T;
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Requests only metadata: objects come without spec, data and status. */
  readonly metadataOnly?: boolean;
  /** The type's CustomResourceDefinition may be missing, and may come and go. */
  readonly optional?: boolean;
};

/**
 * The objects of a definition, kept up to date once its manager has started.
 *
 * @example
 * ```ts
 * const informer = new Informer({ type: deployments, reduce: storedOf });
 * informer.onChange(({ after }) => logger.info({ name: after?.name }, "changed"));
 * informer.store.list("default").length; // => 0
 * ```
 */
export class Informer<T extends Stored> {
  readonly definition: InformerDefinition<T>;
  readonly store: Store<T>;
  readonly #changed: ((change: Change<T>) => void)[] = [];
  readonly #presence: (() => void)[] = [];
  /** One for each watched namespace, or one for all. */
  #reflectors: readonly Reflector<T>[] = [];

  constructor(definition: InformerDefinition<T>) {
    this.definition = definition;
    this.store = new Store(definition.indexes);
  }

  /** Whether there are objects of the type: false while the CustomResourceDefinition of an optional type is missing. */
  get present(): boolean {
    return this.#reflectors.some(({ absent }) => !absent);
  }

  /** Calls the handler with each change, after the store has it. */
  onChange(handler: (change: Change<T>) => void): void {
    this.#changed.push(handler);
  }

  /** Calls the handler when an optional type was installed or removed. */
  onPresence(handler: () => void): void {
    this.#presence.push(handler);
  }

  /** Takes in what a write answered, before the watch tells of it: see Reflector.observe. */
  observe(object: KubernetesObject): void {
    const { namespace } = object.metadata;
    this.#reflectors.find((one) => (one.namespace ?? namespace) === namespace)?.observe(object);
  }

  /** Looks again for a missing optional type. */
  recheck(): void {
    for (const reflector of this.#reflectors) reflector.recheck();
  }

  /** Whoever starts the reflectors gives them these, and hands them over. */
  readonly sinks = {
    onChange: (change: Change<T>) => {
      for (const handler of this.#changed) handler(change);
    },
    onPresence: () => {
      for (const handler of this.#presence) handler();
    },
  };

  feedBy(reflectors: readonly Reflector<T>[]): void {
    this.#reflectors = reflectors;
  }
}

/**
 * The least that can be kept of an object: that it exists, and its version.
 *
 * @example
 * ```ts
 * storedOf(deployment).name; // => one
 * ```
 */
export function storedOf({ metadata }: KubernetesObject): Stored {
  const { namespace = "", name = "", uid = "", resourceVersion = "" } = metadata;
  return { namespace: interned(namespace), name, uid, resourceVersion };
}
