const decimal = /^[0-9]+$/;

/**
 * Whether version `a` of a resource came after `b`. Versions of one resource type are decimal numbers that grow
 * (guaranteed since Kubernetes 1.35, KEP-5504, and the case with every etcd before); others are never newer.
 *
 * @example
 * ```ts
 * isNewer("1000", "999"); // => true
 * ```
 */
export function isNewer(a: string, b: string): boolean {
  if (!decimal.test(a) || !decimal.test(b)) return false;
  return a.length === b.length ? a > b : a.length > b.length;
}
