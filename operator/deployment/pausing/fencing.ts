import type { DeploymentSpec } from "../../api/spec.ts";
import type { Check } from "../status/check.ts";

/** The reason of conditions while the bridge is fenced. */
export const BRIDGE_FENCED = "BridgeFenced";

/** The bridge shall run and ask Telegram nothing. */
export const isFenced = ({ bridge }: DeploymentSpec): boolean => bridge.fencing === "Fenced";

export const fencedText =
  "bridge.fencing is Fenced: the bridge runs and accepts messages, but sends nothing to Telegram and reads nothing from it. Set it to Open to let it go on";

/** The pod is the new one, and its program goes on as before: it is of a version that knows nothing of this. */
export const fenceIsIgnored: Check = ({ resource, bridge, probe }) => {
  const isSettled = bridge?.observed && bridge.updated === bridge.current && bridge.ready > 0;
  if (!isFenced(resource.spec) || !isSettled || !probe?.bridge?.answered || probe.bridge.fenced) return undefined;
  return {
    reason: "FencingNotSupported",
    message:
      "bridge.fencing is Fenced, but the bridge's image does not know that and goes on: use a newer one, or stop delivery with the tool stop_bridge",
  };
};
