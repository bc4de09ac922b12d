import type { ObjectKey } from "./controller.ts";
import type { Informer } from "./informer.ts";
import type { Change } from "./mirror.ts";
import type { Stored } from "./store.ts";
import type { AddOptions, Priority } from "./work-queue.ts";

/** Where a controller hears of something to reconcile. */
export type Source = { readonly start: (enqueue: Enqueue) => void };

type Enqueue = (key: ObjectKey, options?: AddOptions & { readonly afterMs?: number }) => void;

export type ChangesOptions<T> = {
  /** The keys that an object concerns. Asked for what it was and for what it is, so that whom it has left hears of it, too. */
  readonly keys: (item: T) => Iterable<ObjectKey>;
  /** Changes between two such objects concern nobody. */
  readonly same?: (before: T, after: T) => boolean;
  /** Nobody needs to hear that an object is gone. */
  readonly ignoresDeletion?: boolean;
  /** Waits for so long, in ms, in which further changes cost nothing. Default 0. */
  readonly settleMs?: number;
  /** What the first list brings waits behind all others: nothing has happened. Default false. */
  readonly initialIsLow?: boolean;
};

/**
 * The changes of objects, mapped to keys.
 *
 * @example
 * ```ts
 * const informer = new Informer({ type: deployments, reduce: storedOf });
 * const source = changesOf(informer, { keys: ({ namespace, name }) => [{ namespace, name }] });
 * source.start((key) => controller.enqueue(key));
 * ```
 */
export function changesOf<T extends Stored>(informer: Informer<T>, options: ChangesOptions<T>): Source {
  return {
    start: (enqueue) =>
      informer.onChange((change) => {
        const how = { afterMs: options.settleMs ?? 0, priority: priorityOf(change, options) };
        for (const key of keysOf(change, options)) enqueue(key, how);
      }),
  };
}

function keysOf<T>(change: Change<T>, options: ChangesOptions<T>): readonly ObjectKey[] {
  if (!concernsAnybody(change, options)) return [];
  return [change.before, change.after].flatMap((item) => (item === undefined ? [] : [...options.keys(item)]));
}

const priorityOf = <T>({ initial }: Change<T>, { initialIsLow = false }: ChangesOptions<T>): Priority =>
  initial && initialIsLow ? "low" : "normal";

function concernsAnybody<T>(
  { before, after }: Change<T>,
  { same, ignoresDeletion = false }: ChangesOptions<T>,
): boolean {
  if (after === undefined) return !ignoresDeletion;
  return before === undefined || same?.(before, after) !== true;
}

/**
 * The installation and the removal of optional types.
 *
 * @example
 * ```ts
 * const informer = new Informer({ type: deployments, reduce: storedOf, optional: true });
 * presenceOf([informer], () => [{ namespace: "default", name: "one" }]).start((key) => controller.enqueue(key));
 * ```
 */
export function presenceOf(
  informers: readonly Pick<Informer<Stored>, "onPresence">[],
  keys: () => Iterable<ObjectKey>,
): Source {
  return {
    start: (enqueue) => {
      for (const informer of informers) {
        informer.onPresence(() => {
          for (const key of keys()) enqueue(key);
        });
      }
    },
  };
}
