import type { PairingStatus } from "../../api/pairing.ts";
import type { ReconcileParts } from "../reconcile-parts.ts";
import { regarding } from "../regarding.ts";
import type { Snapshot } from "../snapshot.ts";
import { storeStatus } from "../status/writer.ts";
import { settledBy, stepOf } from "./pairing.ts";

type Parts = Parameters<typeof storeStatus>[0] & Pick<ReconcileParts, "confirmCode" | "mayWrite" | "recorder">;

const askAgainMs = 5_000;

/** Confirms the code that the resource's annotation names, at the bridge. Returns in how many ms it has to be asked again. */
export async function settlePairing(
  parts: Parts,
  { resource, bridgeRuns }: Snapshot,
  hmac: string,
): Promise<number | undefined> {
  const { pair } = resource;
  const step = stepOf(resource);
  if (pair === undefined || step === undefined || !parts.mayWrite(resource)) return undefined;
  if (step.settled !== undefined) return note(parts, resource, step.settled);
  // A pod that starts is reported.
  if (!bridgeRuns) return undefined;
  const answer = await parts.confirmCode(resource, step.ask, hmac);
  return answer === undefined ? askAgainMs : note(parts, resource, settledBy(pair, answer));
}

/** Told once the status remembers it. */
async function note(parts: Parts, { namespace, name, uid }: Snapshot["resource"], pairing: PairingStatus) {
  // With the status of this reconcile, unless that still waits to be written.
  const resource = parts.cluster.resources.get(namespace, name);
  if (resource?.uid !== uid) return undefined;
  await storeStatus(parts, resource, { ...resource.status, pairing });
  const { outcome, message } = pairing;
  const [type, reason] =
    outcome === "Paired" ? (["Normal", "PersonPaired"] as const) : (["Warning", "PairingRefused"] as const);
  parts.recorder.record(regarding(resource), { type, reason, message });
  return undefined;
}
