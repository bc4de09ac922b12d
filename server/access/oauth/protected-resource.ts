import { ServerError } from "../../../contract/errors.ts";
import { routes } from "../../../contract/routes.ts";
import type { AccessTokens } from "./access-tokens.ts";
import { type ScopeRule, scopeOf } from "./scopes.ts";
import type { SigningKeys } from "./signing-keys.ts";

/** What a configuration says of access tokens. */
export type OAuthConfig = {
  readonly issuer: string;
  /** Public URL of MCP: whom tokens have to be made for. */
  readonly resource: string;
  readonly jwksUrl?: string;
  readonly scopes: ScopeRule;
  /** The permissions that clients are told to ask for; absent: the usual ones. */
  readonly offered?: readonly string[];
};

/** What is told to clients of how to get in (RFC 9728). */
export type ResourceMetadata = {
  readonly resource: string;
  readonly authorization_servers: readonly string[];
  readonly scopes_supported: readonly string[];
  readonly bearer_methods_supported: readonly string[];
  readonly resource_name: string;
  readonly resource_documentation: string;
};

/** This server as one that takes access tokens. */
export type ProtectedResource = {
  readonly tokens: AccessTokens;
  readonly keys: SigningKeys;
  readonly metadata: ResourceMetadata;
  /** Where clients find that. */
  readonly metadataUrl: string;
  /** What clients are told to ask for, as it stands in a challenge. */
  readonly scope: string;
  /** The error for whoever shows no token that counts; `error` is OAuth's word for it, where one was shown. */
  required(reason: string, error?: "invalid_token"): ServerError;
};

export type ProtectedResourceParts = Pick<ProtectedResource, "tokens" | "keys"> & {
  /** The permissions that are offered when the configuration names none. */
  readonly usual: readonly string[];
};

export function protectedResource(
  { issuer, resource, scopes, offered }: OAuthConfig,
  { tokens, keys, usual }: ProtectedResourceParts,
): ProtectedResource {
  const supported = (offered ?? usual).map((permission) => scopeOf(permission, scopes));
  const { base, mcp } = partsOf(resource);
  const metadataUrl = `${base}${routes.protectedResource}${mcp}`;
  return {
    tokens,
    keys,
    metadata: {
      resource,
      authorization_servers: [issuer],
      scopes_supported: supported,
      bearer_methods_supported: ["header"],
      resource_name: "CCTelegram",
      resource_documentation: `${base}${routes.docs}`,
    },
    metadataUrl,
    scope: supported.join(" "),
    required: (reason, error) =>
      new ServerError("ACCESS_TOKEN_REQUIRED", { reason, resource_metadata: metadataUrl, ...(error && { error }) }),
  };
}

/**
 * The URL of this server, and the path of MCP below it. A proxy that passes on what is below a path passes on nothing else, so the metadata
 * has to be there, too; clients take its URL from the challenge.
 */
function partsOf(resource: string): { readonly base: string; readonly mcp: string } {
  const { origin, pathname } = new URL(resource);
  const [, base = "", mcp = ""] = /^(.*?)(\/mcp)?\/?$/.exec(pathname) ?? [];
  return { base: `${origin}${base}`, mcp };
}
