import { fails, holds, type Judge } from "./judgement.ts";

/** An MCP handshake through the Service succeeded: what a client will see. */
export const verified: Judge = ({ server, probe }) => {
  if (!server || server.ready === 0) return fails("ServerNotReady", "no MCP server pod is ready to answer a handshake");
  if (!probe?.server) return undefined;
  return probe.server.verified
    ? holds("HandshakeSucceeded", `the server speaks MCP ${probe.server.protocolVersion}`)
    : fails(probe.server.reason, probe.server.message);
};
