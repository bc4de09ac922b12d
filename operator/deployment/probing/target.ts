import type { Blueprint } from "../blueprint.ts";
import { bridgeUrl, mcpUrl } from "../names.ts";
import type { Snapshot } from "../snapshot.ts";
import { isSettled } from "../status/progress.ts";
import type { Target } from "./parts-probe.ts";

/** Servers of two revisions are there. */
const isRevised = (rollout: Snapshot["rollout"]) =>
  rollout?.revision !== undefined && (rollout.target ?? rollout.previous) !== undefined;

/** Where and how the resource is probed. */
export function targetOf({ server, bridgeRuns, rollout }: Snapshot, blueprint: Blueprint): Target {
  const { namespace, name, uid, verifierKey } = blueprint;
  return {
    namespace,
    name,
    uid,
    mcpUrl: mcpUrl(namespace, name),
    bridgeUrl: bridgeUrl(namespace, name),
    verifierKey,
    hmac: blueprint.hmac.current,
    hasServer: (server?.ready ?? 0) > 0,
    hasBridge: bridgeRuns,
    ...(rollout && server?.servers && isSettled(server) ? { template: server.servers.template } : {}),
    ...(isRevised(rollout) ? { isWatched: true } : {}),
  };
}
