import type { Check } from "../problems.ts";

/** Telegram lets one program read a bot's updates: another one has them. */
export const receivesElsewhere: Check = ({ resource, verdict, probe }) => {
  if (verdict?.state === "SendsOnly") {
    const { namespace, name } = verdict.other;
    const remedy = "Give this one a bot of its own, or set telegram.updates to None in one of the two";
    return {
      reason: "BotTokenShared",
      message: `CCTelegramDeployment ${namespace}/${name} has the same bot token, is older and receives; this one only sends. ${remedy}.`,
    };
  }
  if (verdict === undefined || verdict.state === "Waits" || !probe?.bridge?.answered) return undefined;
  const { receiving } = probe.bridge;
  if (receiving?.mode !== "Polling" || !receiving.other_consumer) return undefined;
  const secret = resource.spec.telegram.botTokenSecretRef.name;
  const remedy = `stop it, or remove its webhook; if you do not know it, revoke the token with @BotFather and store the new one in Secret ${secret}`;
  return {
    reason: "OtherConsumer",
    message: `a program that this operator does not know reads the bot's updates, so answers of people get lost: ${remedy}. Messages are sent on.`,
  };
};
