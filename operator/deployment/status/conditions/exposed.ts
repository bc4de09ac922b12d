import { certificateEndsSoon, exposureProblem } from "../../exposure/problems.ts";
import type { Snapshot } from "../../snapshot.ts";
import type { Problem } from "../check.ts";
import { movingParts } from "../progress.ts";
import { fails, holds, type Judge, unknown } from "./judgement.ts";

/** Our server answers at the public address, with the right certificate; else the first step that fails. Not part of Ready. */
export const exposed: Judge = (snapshot) => {
  const { exposure, exposureProbe, server } = snapshot;
  if (!exposure) return undefined;
  const problem = exposureProblem(snapshot);
  if (problem) return mayPass(snapshot, problem) ? undefined : fails(problem.reason, problem.message);
  if (!exposure.isProbed)
    return unknown("NotProbed", "the administrator has disabled probes of public addresses (probeExposure)");
  if (exposure.unseen.length > 0) return unknown("GatewayNotSeen", exposure.unseen.join("; "));
  if ((server?.ready ?? 0) === 0) return unknown("ServerNotReady", "no MCP server pod is ready to answer");
  if (!exposureProbe?.answered) return undefined;
  const soon = certificateEndsSoon(snapshot);
  if (soon) return holds(soon.reason, soon.message);
  const elsewhere = exposureProbe.leadsElsewhere
    ? "; the name resolves to other addresses, as with a CDN: the operator has probed the controller's address"
    : "";
  return holds("Answered", `the MCP server answers at the public address${elsewhere}`);
};

/** The answer may be transient: while pods are replaced, they are absent or still have the previous secret. */
function mayPass(snapshot: Snapshot, { reason }: Problem): boolean {
  const { exposureProbe } = snapshot;
  if (exposureProbe?.answered !== false || exposureProbe.reason !== reason) return false;
  return exposureProbe.lasting === false || movingParts(snapshot).includes("MCP server");
}
