import { allResources, groupOf, resourcePermission } from "../../contract/permissions.ts";

/** Who calls: the client whose key it is. */
export type Client = {
  /** First 16 hex digits of the key's SHA-256: safe to log, stable over restarts. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** Names of tools, groups of them, resources, or "*" for all. */
  readonly permissions: ReadonlySet<string>;
  /** All of that hash: only the server and whoever has the key know it. Undefined when authentication is off. */
  readonly keyDigest?: string;
  /** Unix time in milliseconds from which the key is no longer valid. */
  readonly expiresAt?: number;
  /** What the key may do in a window instead of what every key may. */
  readonly limit?: KeyLimit;
};

/** Requests of a key in a window; without a length that of all keys, in milliseconds. */
export type KeyLimit = { readonly requests: number; readonly windowMs?: number };

/** Whether a client may use what needs this permission; a tool's is also in that of its group. */
export function permits({ permissions }: Pick<Client, "permissions">, permission: string): boolean {
  if (permissions.has(permission) || permissions.has("*")) return true;
  const group = groupOf(permission);
  return group !== undefined && permissions.has(group);
}

/**
 * Whether a client may read a resource: with the permission of the tool that tells the same, or with the resource's own. What
 * needs no tool's permission tells every client the same, or what is its own.
 */
export function permitsReading(
  { permissions }: Pick<Client, "permissions">,
  { name, permission }: { readonly name: string; readonly permission?: string },
): boolean {
  if (permission === undefined || permits({ permissions }, permission)) return true;
  return permissions.has(allResources) || permissions.has(resourcePermission(name));
}
