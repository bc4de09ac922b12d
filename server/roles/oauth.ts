import { usualPermissions } from "../../contract/permissions.ts";
import { AccessTokens } from "../access/oauth/access-tokens.ts";
import { type OAuthConfig, type ProtectedResource, protectedResource } from "../access/oauth/protected-resource.ts";
import { SigningKeys } from "../access/oauth/signing-keys.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { World } from "./running.ts";

/** Begins to read the keys of the authorization server; the start does not wait for it. */
export function protectedBy(
  config: OAuthConfig,
  logger: Logger,
  world: Required<Pick<World, "clock" | "steady">>,
): ProtectedResource {
  const { issuer, resource, scopes } = config;
  const keys = new SigningKeys({
    server: config,
    get: fetch,
    ...world,
    onChange({ error }) {
      if (error === undefined) logger.info({ issuer }, "the keys of the authorization server are read");
      else
        logger.error({ issuer, reason: error }, "the authorization server cannot be asked; keys of before stay valid");
    },
  });
  keys.open();
  const tokens = new AccessTokens({ keys, issuer, resource, scopes, clock: world.clock });
  return protectedResource(config, { tokens, keys, usual: usualPermissions });
}
