import type { FastifyInstance } from "fastify";
import { routes } from "../../contract/routes.ts";
import type { ResourceMetadata } from "../access/oauth/protected-resource.ts";

/**
 * GET /.well-known/oauth-protected-resource tells clients where access tokens come from (RFC 9728). It is where clients look for it by
 * themselves, at the root and for the path of MCP, and where the challenge says. It is the same for everybody, and needs no key.
 */
export function protectedResourceRoutes(app: FastifyInstance, metadata: ResourceMetadata): void {
  const text = JSON.stringify(metadata);
  const { pathname } = new URL(metadata.resource);
  const own = `${routes.protectedResource}${pathname.replace(/\/+$/, "")}`;
  for (const path of new Set([routes.protectedResource, routes.protectedMcp, own])) {
    app.get(path, async (_request, reply) =>
      reply.header("cache-control", "public, max-age=3600").type("application/json; charset=utf-8").send(text),
    );
  }
}
