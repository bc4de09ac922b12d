import { fails, holds, type Judge } from "./judgement.ts";

/** The bridge's pod is ready: its queue is usable and Telegram answers it. */
export const bridgeAvailable: Judge = ({ bridge, bridgeTrouble, tokenSecret }) => {
  if (!bridge && tokenSecret !== "Present")
    return fails("WaitingForBotToken", "the bridge starts when the bot token is there");
  if (!bridge) return fails("NotCreated", "the StatefulSet of the bridge does not exist yet");
  if (bridge.ready > 0) return holds("PodReady", "the bridge's pod is ready");
  if (bridgeTrouble) return fails(bridgeTrouble.reason, bridgeTrouble.message);
  return fails("PodNotReady", "the bridge's pod is not ready yet");
};
