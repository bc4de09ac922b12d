import { BRIDGE_FENCED, fencedText } from "../../pausing/fencing.ts";
import { botTokenIsRefused, telegramIsUnreachable } from "../checks.ts";
import { ofBridge } from "./bridge-answer.ts";
import { fails, holds, unknown } from "./judgement.ts";

/** The Bot API answers the bridge and accepts its token. */
export const telegramReachable = ofBridge(({ fenced }, snapshot) => {
  if (fenced) return unknown(BRIDGE_FENCED, fencedText);
  const problem = botTokenIsRefused(snapshot) ?? telegramIsUnreachable(snapshot);
  return problem
    ? fails(problem.reason, problem.message)
    : holds("Answered", "Telegram answers and accepts the bot token");
});
