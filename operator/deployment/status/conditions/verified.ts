import { handshakeFails } from "../checks.ts";
import { fails, holds, type Judge } from "./judgement.ts";

/** An MCP handshake through the Service succeeded, as a client would do it. */
export const verified: Judge = (snapshot) => {
  const { server, probe } = snapshot;
  if (!server || server.ready === 0) return fails("ServerNotReady", "no MCP server pod is ready to answer a handshake");
  if (!probe?.server) return undefined;
  const problem = handshakeFails(snapshot);
  if (problem) return fails(problem.reason, problem.message);
  return probe.server.verified
    ? holds("HandshakeSucceeded", `the server speaks MCP ${probe.server.protocolVersion}`)
    : undefined;
};
