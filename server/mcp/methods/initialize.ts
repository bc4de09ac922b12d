import * as z from "zod";
import { channelCapabilities } from "../channel/capability.ts";
import { channelInstructions } from "../channel/instructions.ts";
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
  handle({ protocolVersion, capabilities, clientInfo }, { begin, server, channelName }) {
    const version = isHandshakeVersion(protocolVersion) ? protocolVersion : handshakeVersions[0];
    const channel = channelName();
    begin({ version, capabilities, client: clientInfo, ...(channel !== undefined && { channel }) });
    return {
      protocolVersion: version,
      capabilities: {
        ...declaredCapabilities(server.methods, "handshake"),
        ...(channel !== undefined && channelCapabilities),
      },
      serverInfo: server.info,
      instructions:
        channel === undefined ? server.instructions : `${server.instructions} ${channelInstructions(channel)}`,
    };
  },
});
