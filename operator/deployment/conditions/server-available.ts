import { fails, holds, type Judge } from "./judgement.ts";

/** Enough MCP server pods are ready to answer every call. */
export const serverAvailable: Judge = ({ server, serverTrouble }) => {
  if (!server) return fails("NotCreated", "the Deployment of the MCP server does not exist yet");
  if (server.replicas === 0) return fails("ScaledToZero", "server.replicas is 0");
  if (server.ready > 0) return holds("PodsReady", "MCP server pods are ready");
  if (serverTrouble) return fails(serverTrouble.reason, serverTrouble.message);
  return fails("PodsNotReady", "no MCP server pod is ready yet");
};
