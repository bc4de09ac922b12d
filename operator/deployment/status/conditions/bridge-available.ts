import { HIBERNATED, hibernatedText, isHibernated } from "../../pausing/hibernation.ts";
import { bridgePodIsInTrouble } from "../checks.ts";
import { fails, holds, type Judge } from "./judgement.ts";

/** The bridge's pod is ready: its queue is usable and Telegram answers it. */
export const bridgeAvailable: Judge = (snapshot) => {
  const { bridge, tokenSecret, resource } = snapshot;
  if (isHibernated(resource.spec) && (bridge?.replicas ?? 0) === 0) return fails(HIBERNATED, hibernatedText);
  if (!bridge && tokenSecret !== "Present")
    return fails("WaitingForBotToken", "the bridge starts when the bot token is there");
  if (!bridge) return fails("NotCreated", "the StatefulSet of the bridge does not exist yet");
  if (bridge.ready > 0) return holds("PodReady", "the bridge's pod is ready");
  const trouble = bridgePodIsInTrouble(snapshot);
  return trouble ? fails(trouble.reason, trouble.message) : fails("PodNotReady", "the bridge's pod is not ready yet");
};
