import type { ErrorDetails } from "../../contract/error-catalogue.ts";
import { ServerError } from "../../contract/errors.ts";
import { scopeOf } from "./oauth/scopes.ts";

/** Who calls: the client whose key, or access token, it is. */
export type Client = {
  /** First 16 hex digits of the key's SHA-256, or `oauth:` and a hash of whose token it is: safe to log, stable over restarts. */
  readonly id: string;
  /** For people; what is a client's own belongs to it by this name. */
  readonly name: string;
  /** Names of tools, or "*" for all. */
  readonly permissions: ReadonlySet<string>;
  /** All of that hash: only the server and whoever has the key know it. Undefined for a client without a key. */
  readonly keyDigest?: string;
  /** Unix time in milliseconds from which the key, or the token, is no longer valid. */
  readonly expiresAt?: number;
  /** Of a client with an access token: what makes a scope of a permission. */
  readonly scopePrefix?: string;
};

/** Whether a client may use what needs this permission. */
export function permits({ permissions }: Pick<Client, "permissions">, permission: string): boolean {
  return permissions.has(permission) || permissions.has("*");
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
