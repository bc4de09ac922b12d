import { botTokenIsRefused, telegramIsUnreachable } from "../problems.ts";
import { ofBridge } from "./bridge-answer.ts";
import { fails, holds } from "./judgement.ts";

/** The Bot API answers the bridge and accepts its token. */
export const telegramReachable = ofBridge((_bridge, snapshot) => {
  const problem = botTokenIsRefused(snapshot) ?? telegramIsUnreachable(snapshot);
  return problem
    ? fails(problem.reason, problem.message)
    : holds("Answered", "Telegram answers and accepts the bot token");
});
