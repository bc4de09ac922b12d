/** The minimum that a cached object has. Reduce objects to what the controller reads: the cache is most of the memory. */
export type Stored = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
};

/** The index values of an item. Must be pure: it is called again when the item is removed. */
export type IndexFunction<T> = (item: T) => readonly string[];

/**
 * A cache of objects by namespace and name, with indexes; every update costs O(1).
 *
 * @example
 * ```ts
 * type Pod = Stored & { readonly node: string };
 * const store = new Store<Pod>({ node: ({ node }) => [node] });
 * store.set({ namespace: "default", name: "one", uid: "2f6c", resourceVersion: "7", node: "node-1" });
 * const onNode = store.byIndex("node", "node-1");
 * ```
 */
export class Store<T extends Stored> {
  readonly #namespaces = new Map<string, Map<string, T>>();
  readonly #indexes = new Map<
    string,
    { readonly valuesOf: IndexFunction<T>; readonly items: Map<string, Bucket<T>> }
  >();
  #size = 0;

  constructor(indexes: Readonly<Record<string, IndexFunction<T>>> = {}) {
    for (const [name, valuesOf] of Object.entries(indexes)) this.#indexes.set(name, { valuesOf, items: new Map() });
  }

  get size(): number {
    return this.#size;
  }

  get(namespace: string, name: string): T | undefined {
    return this.#namespaces.get(namespace)?.get(name);
  }

  /** A copy of the items, of one namespace or of all. */
  list(namespace?: string): T[] {
    if (namespace === undefined) return [...this.items()];
    return [...(this.#namespaces.get(namespace)?.values() ?? [])];
  }

  *items(): Generator<T> {
    for (const items of this.#namespaces.values()) yield* items.values();
  }

  /** The items that the index function maps to the value. Throws on an unknown index. */
  byIndex(indexName: string, value: string): T[] {
    const index = this.#indexes.get(indexName);
    if (index === undefined) throw new Error(`the store has no index "${indexName}"`);
    const bucket = index.items.get(value);
    if (bucket === undefined) return [];
    return bucket instanceof Set ? [...bucket] : [bucket];
  }

  /** Adds or replaces; returns what was there before. */
  set(item: T): T | undefined {
    let items = this.#namespaces.get(item.namespace);
    if (items === undefined) {
      items = new Map();
      this.#namespaces.set(item.namespace, items);
    }
    const before = items.get(item.name);
    items.set(item.name, item);
    if (before === undefined) this.#size += 1;
    else this.#unindex(before);
    for (const { valuesOf, items } of this.#indexes.values()) {
      for (const value of valuesOf(item)) addToBucket(items, value, item);
    }
    return before;
  }

  /** Removes; returns what was there. */
  delete(namespace: string, name: string): T | undefined {
    const items = this.#namespaces.get(namespace);
    const before = items?.get(name);
    if (items === undefined || before === undefined) return undefined;
    items.delete(name);
    if (items.size === 0) this.#namespaces.delete(namespace);
    this.#size -= 1;
    this.#unindex(before);
    return before;
  }

  #unindex(item: T): void {
    for (const { valuesOf, items } of this.#indexes.values()) {
      for (const value of valuesOf(item)) removeFromBucket(items, value, item);
    }
  }
}

/** Most index values have one item: a Set for each would cost more memory than the items. */
type Bucket<T> = T | Set<T>;

function addToBucket<T>(buckets: Map<string, Bucket<T>>, value: string, item: T): void {
  const bucket = buckets.get(value);
  if (bucket === undefined) buckets.set(value, item);
  else if (bucket instanceof Set) bucket.add(item);
  else if (bucket !== item) buckets.set(value, new Set([bucket, item]));
}

function removeFromBucket<T>(buckets: Map<string, Bucket<T>>, value: string, item: T): void {
  const bucket = buckets.get(value);
  if (bucket instanceof Set) {
    bucket.delete(item);
    if (bucket.size === 0) buckets.delete(value);
  } else if (bucket === item) {
    buckets.delete(value);
  }
}
