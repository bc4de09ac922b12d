import { defineMethod, noParams } from "../define-method.ts";
import { declaredCapabilities } from "../server-info.ts";
import { protocolVersions } from "../versions.ts";

/** What the server is and can (MCP 2026-07-28, Discovery). */
export const discover = defineMethod({
  name: "server/discover",
  eras: ["stateless"],
  params: noParams,
  caching: { ttlMs: 3_600_000, cacheScope: "public" },
  handle: (_params, { server }) => ({
    supportedVersions: protocolVersions,
    capabilities: declaredCapabilities(server.methods, "stateless"),
    instructions: server.instructions,
    _meta: { "io.modelcontextprotocol/serverInfo": server.info },
  }),
});
