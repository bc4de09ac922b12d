import type { KubernetesObject } from "./kubernetes-object.ts";
import { isNewer } from "./resource-version.ts";
import type { Store, Stored } from "./store.ts";

/** `initial` marks what the first list brought: nothing has happened, it is only seen for the first time. */
export type Change<T> =
  | { readonly type: "added"; readonly before?: undefined; readonly after: T; readonly initial: boolean }
  | { readonly type: "updated"; readonly before: T; readonly after: T; readonly initial: boolean }
  | { readonly type: "deleted"; readonly before: T; readonly after?: undefined; readonly initial: boolean };

export type MirrorParts<T extends Stored> = {
  readonly store: Store<T>;
  /** Where the objects come from, if not from all namespaces: others in the store belong to other mirrors. */
  readonly namespace?: string | undefined;
  readonly reduce: (object: KubernetesObject) => T;
  readonly onChange: (change: Change<T>) => void;
  /** `reduce` or `onChange` threw: reported, the mirror goes on. */
  readonly onFailure: (stage: "reduce" | "handler", error: unknown) => void;
};

/**
 * Brings a store up to date and tells of each change once: from watch events, from lists, from own writes.
 *
 * @example
 * ```ts
 * const store = new Store<Stored>();
 * const mirror = new Mirror({
 *   store,
 *   reduce: ({ metadata: { namespace = "", name = "", uid = "", resourceVersion = "" } }) => ({
 *     namespace,
 *     name,
 *     uid,
 *     resourceVersion,
 *   }),
 *   onChange: ({ type, after }) => logger.info({ type, name: after?.name }, "changed"),
 *   onFailure: (stage, error) => logger.error({ stage, err: error }, "not taken in"),
 * });
 * mirror.put(deployment);
 * ```
 */
export class Mirror<T extends Stored> {
  readonly #parts: MirrorParts<T>;
  /** Objects that an own write brought before the watch did: older events about them are history. */
  readonly #ahead = new Set<string>();
  #replaced = false;

  constructor(parts: MirrorParts<T>) {
    this.#parts = parts;
  }

  put(object: KubernetesObject, initial = false): void {
    const { namespace = "", name = "", uid, resourceVersion } = object.metadata;
    const before = this.#parts.store.get(namespace, name);
    if (before !== undefined && before.resourceVersion === resourceVersion && before.uid === uid) return;
    if (before !== undefined && this.#isHistory(before, resourceVersion)) return;
    const after = this.#reduce(object);
    if (after === undefined) return;
    this.#parts.store.set(after);
    this.#tell(before === undefined ? { type: "added", after, initial } : { type: "updated", before, after, initial });
  }

  remove(object: KubernetesObject): void {
    const { namespace = "", name = "", resourceVersion } = object.metadata;
    const before = this.#parts.store.get(namespace, name);
    if (before === undefined || this.#isHistory(before, resourceVersion)) return;
    this.#forget(before);
  }

  clear(): void {
    this.#ahead.clear();
    for (const item of this.#known()) this.#forget(item);
  }

  /** Takes in what a write answered. `watchedTo` is how far the watch has come; undefined while a list is under way. */
  observe(object: KubernetesObject, watchedTo: string | undefined): void {
    const { namespace = "", name = "", resourceVersion = "" } = object.metadata;
    if (watchedTo !== undefined && !isNewer(resourceVersion, watchedTo)) return;
    const before = this.#parts.store.get(namespace, name);
    if (before !== undefined && !isNewer(resourceVersion, before.resourceVersion)) return;
    const item = this.#reduce(object);
    if (item === undefined) return;
    this.#parts.store.set(item);
    this.#ahead.add(keyOf(item));
  }

  /**
   * Takes in a list, page by page; what `finish` has not seen is gone. A list is consistent: it has every write that
   * ended before it began, so only writes observed since then may be ahead of it.
   */
  startReplacement(): { add(object: KubernetesObject): void; finish(): void } {
    this.#ahead.clear();
    const seen = new Set<string>();
    const initial = !this.#replaced;
    return {
      add: (object) => {
        seen.add(`${object.metadata.namespace ?? ""}/${object.metadata.name}`);
        this.put(object, initial);
      },
      finish: () => {
        this.#replaced = true;
        for (const item of this.#known()) {
          const key = keyOf(item);
          if (!seen.has(key) && !this.#ahead.has(key)) this.#forget(item);
        }
      },
    };
  }

  #known(): T[] {
    return this.#parts.store.list(this.#parts.namespace);
  }

  #forget(item: T): void {
    this.#parts.store.delete(item.namespace, item.name);
    this.#tell({ type: "deleted", before: item, initial: false });
  }

  /** True for an event that an own write has overtaken; the first one that is not ends the state of being ahead. */
  #isHistory(before: T, resourceVersion = ""): boolean {
    if (this.#ahead.size === 0) return false;
    const key = keyOf(before);
    if (!this.#ahead.has(key)) return false;
    if (isNewer(before.resourceVersion, resourceVersion)) return true;
    this.#ahead.delete(key);
    return false;
  }

  #reduce(object: KubernetesObject): T | undefined {
    try {
      return this.#parts.reduce(object);
    } catch (error) {
      this.#parts.onFailure("reduce", error);
      return undefined;
    }
  }

  #tell(change: Change<T>): void {
    try {
      this.#parts.onChange(change);
    } catch (error) {
      this.#parts.onFailure("handler", error);
    }
  }
}

function keyOf(item: Stored): string {
  return `${item.namespace}/${item.name}`;
}
