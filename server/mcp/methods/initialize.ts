import * as z from "zod";
import { defineMethod } from "../define-method.ts";
import { declaredCapabilities } from "../server-info.ts";
import { clientCapabilitiesSchema, clientInfoSchema } from "../session.ts";
import { handshakeVersions, isHandshakeVersion } from "../versions.ts";

/** Begins a session (MCP 2025-11-25, Lifecycle). A version that the server does not know is answered with its newest one. */
export const initialize = defineMethod({
  name: "initialize",
  eras: ["handshake"],
  params: z.object({
    protocolVersion: z.string(),
    capabilities: clientCapabilitiesSchema,
    clientInfo: clientInfoSchema,
  }),
  handle({ protocolVersion, capabilities, clientInfo }, { begin, server }) {
    const version = isHandshakeVersion(protocolVersion) ? protocolVersion : handshakeVersions[0];
    begin({ version, capabilities, client: clientInfo });
    return {
      protocolVersion: version,
      capabilities: declaredCapabilities(server.methods, "handshake"),
      serverInfo: server.info,
      instructions: server.instructions,
    };
  },
});
