import type { BridgeProbe } from "../../probing/parts-probe.ts";
import type { Snapshot } from "../../snapshot.ts";
import { type Judge, type Judgement, unknown } from "./judgement.ts";

type Answer = Extract<BridgeProbe, { answered: true }>;

/** Judges the bridge's own status; Unknown while there is no bridge, or it does not answer. */
export const ofBridge =
  (judge: (bridge: Answer, snapshot: Snapshot) => Judgement): Judge =>
  (snapshot) => {
    const { bridgeRuns, probe } = snapshot;
    if (!bridgeRuns) return unknown("BridgeNotRunning", "there is no bridge to ask");
    if (!probe?.bridge) return undefined;
    if (!probe.bridge.answered) return unknown("BridgeNotAnswering", probe.bridge.message);
    return judge(probe.bridge, snapshot);
  };
