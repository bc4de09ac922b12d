import { AsyncLocalStorage } from "node:async_hooks";

/** What a line of the log and an event say about the reconcile that they come from. */
export type ReconcileContext = {
  readonly controller: string;
  readonly namespace: string;
  readonly name: string;
  /** Of this one reconcile; as controller-runtime calls it. */
  readonly reconcileID: string;
};

const storage = new AsyncLocalStorage<ReconcileContext>();

/**
 * Does work, and what it waits for, in the context of a reconcile.
 *
 * @example
 * ```ts
 * const context = { controller: "example", namespace: "default", name: "one", reconcileID: "7d9c" };
 * inReconcile(context, () => reconcileContext().reconcileID); // => 7d9c
 * ```
 */
export function inReconcile<T>(context: ReconcileContext, work: () => T): T {
  return storage.run(context, work);
}

/**
 * The reconcile that the caller is part of; empty outside of one. Made to be pino's `mixin`.
 *
 * @example
 * ```ts
 * reconcileContext().reconcileID; // => undefined
 * ```
 */
export function reconcileContext(): Partial<ReconcileContext> {
  return storage.getStore() ?? {};
}
