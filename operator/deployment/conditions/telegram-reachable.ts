import { fails, holds, type Judge, unknown } from "./judgement.ts";

/** The Bot API answers the bridge and accepts its token. */
export const telegramReachable: Judge = ({ bridgeRuns, probe }) => {
  if (!bridgeRuns) return unknown("BridgeNotRunning", "there is no bridge to ask");
  if (!probe?.bridge) return undefined;
  if (!probe.bridge.answered) return unknown("BridgeNotAnswering", probe.bridge.message);
  const { reachable, error } = probe.bridge.telegram;
  return reachable
    ? holds("Answered", "Telegram answers and accepts the bot token")
    : fails("TelegramUnreachable", error ?? "Telegram does not answer");
};
