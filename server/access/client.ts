import type { ErrorDetails } from "../../contract/error-catalogue.ts";
import { ServerError } from "../../contract/errors.ts";
import { allResources, groupOf, resourcePermission } from "../../contract/permissions.ts";
import { scopeOf } from "./oauth/scopes.ts";

/** Who calls: the client whose key, or access token, it is. */
export type Client = {
  /** First 16 hex digits of the key's SHA-256, or `oauth:` and a hash of whose token it is: safe to log, stable over restarts. */
  readonly id: string;
  /** For people; what is a client's own belongs to it by this name. */
  readonly name: string;
  /** Names of tools, groups of them, resources, or "*" for all. */
  readonly permissions: ReadonlySet<string>;
  /** All of that hash: only the server and whoever has the key know it. Undefined for a client without a key. */
  readonly keyDigest?: string;
  /** Unix time in milliseconds from which the key, or the token, is no longer valid. */
  readonly expiresAt?: number;
  /** Of a client with an access token: what makes a scope of a permission. */
  readonly scopePrefix?: string;
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

/** Why a client may not do something, in words that tell it what to ask for. */
export function lacking(client: Client, tool: string, permission: string, told: ErrorDetails = {}): ServerError {
  const { name, permissions, scopePrefix: prefix } = client;
  if (prefix === undefined) return new ServerError("UNAUTHORIZED_TOOL", { tool, client: name, permission, ...told });
  const needed = scopeOf(permission, { prefix });
  // Clients ask for these instead of those that they have.
  const scope = [...[...permissions].map((granted) => scopeOf(granted, { prefix })), needed].join(" ");
  return new ServerError("INSUFFICIENT_SCOPE", {
    tool,
    client: name,
    permission,
    required_scope: needed,
    scope,
    ...told,
  });
}

/** Whether an error says that a client may not do what it wants. */
export function isLacking({ code }: Pick<ServerError, "code">): boolean {
  return code === "UNAUTHORIZED_TOOL" || code === "INSUFFICIENT_SCOPE";
}
