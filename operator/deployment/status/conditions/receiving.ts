import { BRIDGE_FENCED, fencedText } from "../../pausing/fencing.ts";
import { receivesElsewhere, webhookIsUnreachable } from "../../receiving/problems.ts";
import { ofBridge } from "./bridge-answer.ts";
import { fails, holds, type Judge, unknown } from "./judgement.ts";

/** What people say to the bot reaches the bridge. Present only where telegram.updates asks for it; not part of Ready. */
export const receiving: Judge = (snapshot) => {
  const { verdict } = snapshot;
  if (verdict?.state === "SendsOnly") {
    const problem = receivesElsewhere(snapshot);
    return problem && fails(problem.reason, problem.message);
  }
  if (verdict?.state === "Waits")
    return fails("HandOver", waitsFor(`${verdict.other.namespace}/${verdict.other.name}`));
  return fromBridge(snapshot);
};

const waitsFor = (other: string) =>
  `the bridge of CCTelegramDeployment ${other} still reads the updates of the same bot: this one takes over when its pod has ended. If that one is paused, resume or delete it`;

const fromBridge = ofBridge(({ receiving, fenced }, snapshot) => {
  if (fenced) return fails(BRIDGE_FENCED, fencedText);
  if (!receiving) return unknown("NotReported", "the bridge does not report whether it receives: use a newer image");
  if (receiving.mode === "None") return fails("NotYetPolling", "the bridge's pod that receives has not started yet");
  const problem = receivesElsewhere(snapshot) ?? webhookIsUnreachable(snapshot);
  if (problem) return fails(problem.reason, problem.message);
  if (!receiving.receiving) return fails("NotReceiving", withHint(receiving.error ?? "no answer", receiving.hint));
  return holds("Receives", "what people say to the bot reaches the bridge");
});

const withHint = (cause: string, hint: string | undefined) =>
  `what people say is not received: ${cause}${hint === undefined ? "" : `. ${hint}`}`;
