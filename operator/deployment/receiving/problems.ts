import type { Check } from "../status/check.ts";

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
  if (receiving === undefined || receiving.mode === "None" || !receiving.other_consumer) return undefined;
  const secret = resource.spec.telegram.botTokenSecretRef.name;
  const remedy = `stop it, or remove its webhook; if you do not know it, revoke the token with @BotFather and store the new one in Secret ${secret}`;
  return {
    reason: "OtherConsumer",
    message: `a program that this operator does not know reads the bot's updates, so answers of people get lost: ${remedy}. Messages are sent on.`,
  };
};

/** The networks from which Telegram calls (https://core.telegram.org/bots/webhooks). */
const telegramNetworks = "149.154.160.0/20 and 91.108.4.0/22";

/** The bridge has told Telegram its webhook, and Telegram's calls do not arrive. */
export const webhookIsUnreachable: Check = ({ resource, probe }) => {
  if (!probe?.bridge?.answered || !probe.bridge.receiving?.undelivered) return undefined;
  const cause = probe.bridge.receiving.error ?? "Telegram cannot reach the webhook";
  const { host } = resource.spec.exposure;
  const remedy = `https://${host} has to answer Telegram (${telegramNetworks}) with a certificate that everybody trusts: see the condition Exposed, and what the proxy and its firewall refuse`;
  return {
    reason: "WebhookUnreachable",
    message: `${cause}. ${remedy}. Telegram tries again and keeps what people say for a day. Messages are sent on.`,
  };
};
