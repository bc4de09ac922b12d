import { HIBERNATED, hibernatedText, isHibernated } from "../../pausing/hibernation.ts";
import { serverPodIsInTrouble } from "../checks.ts";
import { hasEnoughServers } from "../progress.ts";
import { fails, holds, type Judge } from "./judgement.ts";

/** Enough MCP server pods are ready, whatever template they are made from. */
export const serverAvailable: Judge = (snapshot) => {
  const { server } = snapshot;
  if (!server) return fails("NotCreated", "the Deployment of the MCP server does not exist yet");
  if (server.replicas === 0 && isHibernated(snapshot.resource.spec)) return fails(HIBERNATED, hibernatedText);
  if (server.replicas === 0) return fails("ScaledToZero", "server.replicas is 0");
  if (hasEnoughServers(snapshot)) return holds("PodsReady", "enough MCP server pods are ready");
  const trouble = serverPodIsInTrouble(snapshot);
  return trouble ? fails(trouble.reason, trouble.message) : fails("PodsNotReady", "too few MCP server pods are ready");
};
