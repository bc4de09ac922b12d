import type { Blueprint } from "../blueprint.ts";
import { urlOf } from "../exposure/exposure.ts";
import { outsideAddresses } from "./addresses.ts";
import type { Environment } from "./configuration.ts";

/** What makes the server take access tokens. Without the field there is nothing, and the pods stay as they are. */
export function oauthEnvironment(blueprint: Blueprint): Environment {
  const { oauth } = blueprint.spec.server.auth;
  if (oauth === undefined) return {};
  const { issuer, resource = urlOf(blueprint, []), jwksUrl, scopePrefix, offeredPermissions } = oauth;
  return {
    MCP_OAUTH_ISSUER: issuer,
    MCP_OAUTH_RESOURCE: resource,
    MCP_OAUTH_SCOPE_PREFIX: scopePrefix,
    MCP_OAUTH_ALLOW_ALL: `${oauth.allScope === "Enabled"}`,
    ...(jwksUrl === undefined ? {} : { MCP_OAUTH_JWKS_URL: jwksUrl }),
    ...(offeredPermissions === undefined ? {} : { MCP_OAUTH_OFFERED_PERMISSIONS: offeredPermissions.join(",") }),
  };
}

/** The author's URLs open connections to public addresses only. */
export function issuerEgress({ spec }: Blueprint): object[] {
  const { oauth } = spec.server.auth;
  if (oauth === undefined) return [];
  const urls = [oauth.issuer, ...(oauth.jwksUrl === undefined ? [] : [oauth.jwksUrl])];
  const ports = new Set(urls.map((url) => Number(URL.parse(url)?.port) || 443));
  return [{ to: outsideAddresses, ports: [...ports].map((port) => ({ port, protocol: "TCP" })) }];
}
