import { rounded } from "./probe.ts";
import type { Snapshot } from "./snapshot.ts";

/** Something that does not mend itself, in words that say what to do. */
export type Problem = { readonly reason: string; readonly message: string };

type Check = (snapshot: Snapshot) => Problem | undefined;

/** What is wrong, the cause before its consequences. */
export function problemsOf(snapshot: Snapshot): Problem[] {
  return checks.flatMap((check) => check(snapshot) ?? []);
}

const botTokenSecretIsMissing: Check = ({ resource, tokenSecret }) => {
  const { name, key } = resource.spec.telegram.botTokenSecretRef;
  if (tokenSecret !== "Missing") return undefined;
  return {
    reason: "BotTokenSecretNotFound",
    message: `Secret ${name} does not exist: kubectl -n ${resource.namespace} create secret generic ${name} --from-literal=${key}=<bot token>`,
  };
};

const botTokenKeyIsMissing: Check = ({ resource, tokenSecret }) => {
  const { name, key } = resource.spec.telegram.botTokenSecretRef;
  if (tokenSecret !== "KeyMissing") return undefined;
  return {
    reason: "BotTokenKeyNotFound",
    message: `Secret ${name} has no value under the key ${key}: add it, or set telegram.botTokenSecretRef.key`,
  };
};

const childWasRefused: Check = ({ refused }) =>
  refused.length === 0 ? undefined : { reason: "ChildRefused", message: refused.join("; ") };

const applyFailed: Check = ({ failed }) =>
  failed.length === 0 ? undefined : { reason: "ApplyFailed", message: failed.join("; ") };

const serverPodsCannotBeCreated: Check = ({ server }) =>
  server?.failure ? creationFailed("MCP server", server.failure) : undefined;

const bridgePodCannotBeCreated: Check = ({ bridgeFailure }) =>
  bridgeFailure ? creationFailed("bridge", bridgeFailure) : undefined;

const creationFailed = (what: string, cause: string): Problem => ({
  reason: cause.includes("exceeded quota") ? "QuotaExceeded" : "PodCreationFailed",
  message: `a ${what} pod cannot be created: ${cause}`,
});

const serverPodIsInTrouble: Check = ({ serverTrouble }) =>
  serverTrouble && { reason: serverTrouble.reason, message: `MCP server: ${serverTrouble.message}` };

const bridgePodIsInTrouble: Check = ({ bridgeTrouble }) =>
  bridgeTrouble && { reason: bridgeTrouble.reason, message: `bridge: ${bridgeTrouble.message}` };

const telegramIsUnreachable: Check = ({ probe }) => {
  if (!probe?.bridge?.answered || probe.bridge.telegram.reachable) return undefined;
  const cause = probe.bridge.telegram.error ?? "no answer";
  return { reason: "TelegramUnreachable", message: `Telegram cannot be reached: ${cause}. Messages are kept.` };
};

const queueIsUnusable: Check = ({ probe }) => {
  if (!probe?.bridge?.answered || probe.bridge.queue.usable) return undefined;
  const cause = probe.bridge.queue.error ?? "no reason given";
  return { reason: "QueueUnusable", message: `the queue takes no messages: ${cause}. Check the bridge's volume.` };
};

const queueIsFull: Check = ({ probe }) => {
  if (!probe?.bridge?.answered) return undefined;
  const { pending, limit } = probe.bridge.queue;
  if (pending < limit) return undefined;
  return { reason: "QueueFull", message: `${rounded(pending)} messages wait and no more are taken` };
};

const handshakeFails: Check = ({ probe }) =>
  probe?.server?.verified === false ? { reason: probe.server.reason, message: probe.server.message } : undefined;

const checks: readonly Check[] = [
  botTokenSecretIsMissing,
  botTokenKeyIsMissing,
  childWasRefused,
  applyFailed,
  serverPodsCannotBeCreated,
  bridgePodCannotBeCreated,
  serverPodIsInTrouble,
  bridgePodIsInTrouble,
  telegramIsUnreachable, // before the bridge's own readiness, which follows from it
  queueIsUnusable,
  queueIsFull,
  handshakeFails,
];
