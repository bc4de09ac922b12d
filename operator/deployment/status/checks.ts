import { pausedText } from "../pausing/paused-delivery.ts";
import { rounded } from "../probing/parts-probe.ts";
import { mostReplacements } from "../replacement/policy.ts";
import type { Check, Problem } from "./check.ts";

const problem = (reason: string, message: string): Problem => ({ reason, message });

export const isForbidden: Check = ({ forbidden = [] }) =>
  forbidden.length === 0 ? undefined : problem("NotAllowed", forbidden.join("; "));

export const botTokenSecretIsMissing: Check = ({ resource, tokenSecret }) => {
  const { name, key } = resource.spec.telegram.botTokenSecretRef;
  if (tokenSecret !== "Missing") return undefined;
  const command = `kubectl -n ${resource.namespace} create secret generic ${name} --from-literal=${key}=<bot token>`;
  return problem("BotTokenSecretNotFound", `Secret ${name} does not exist: ${command}`);
};

export const botTokenKeyIsMissing: Check = ({ resource, tokenSecret }) => {
  const { name, key } = resource.spec.telegram.botTokenSecretRef;
  if (tokenSecret !== "KeyMissing") return undefined;
  const remedy = "add it, or set telegram.botTokenSecretRef.key";
  return problem("BotTokenKeyNotFound", `Secret ${name} has no value under the key ${key}: ${remedy}`);
};

export const secretIsMissing: Check = ({ missingSecrets }) => {
  const [missing] = missingSecrets;
  if (!missing) return undefined;
  const remedy = "create it, or correct the name; what runs is kept until then";
  return problem("SecretNotFound", `Secret ${missing.name}, which ${missing.field} names, does not exist: ${remedy}`);
};

export const maintenanceNeverComes: Check = ({ emptySchedules = [] }) =>
  emptySchedules.length === 0
    ? undefined
    : problem(
        "MaintenanceNeverComes",
        `the schedule ${emptySchedules.join(" and ")} in maintenance.windows names no time: correct it, or remove the window`,
      );

export const childWasRefused: Check = ({ refused }) =>
  refused.length === 0 ? undefined : problem("ChildRefused", refused.join("; "));

export const childFailed: Check = ({ failed = [] }) =>
  failed.length === 0 ? undefined : problem("ApplyFailed", failed.join("; "));

export const serverPodsCannotBeCreated: Check = ({ server }) =>
  server?.failure ? creationFailed("an MCP server", server.failure) : undefined;

export const bridgePodCannotBeCreated: Check = ({ bridgeFailure }) =>
  bridgeFailure ? creationFailed("a bridge", bridgeFailure) : undefined;

const creationFailed = (what: string, cause: string): Problem => ({
  reason: cause.includes("exceeded quota") ? "QuotaExceeded" : "PodCreationFailed",
  message: `${what} pod cannot be created: ${cause}`,
});

export const serverPodIsInTrouble: Check = ({ serverTrouble }) =>
  serverTrouble && problem(serverTrouble.reason, `MCP server: ${serverTrouble.message}`);

export const bridgePodIsInTrouble: Check = ({ bridgeTrouble }) =>
  bridgeTrouble && problem(bridgeTrouble.reason, `bridge: ${bridgeTrouble.message}`);

export const rolloutTakesTooLong: Check = ({ server }) =>
  server?.deadlineExceeded
    ? problem("ProgressDeadlineExceeded", "MCP server: the new pods do not become ready: see kubectl describe and logs")
    : undefined;

/** The pod is ready, so something between it and the operator is wrong. */
export const bridgeDoesNotAnswer: Check = ({ bridge, probe }) =>
  bridge && bridge.ready > 0 && probe?.bridge?.answered === false
    ? problem("BridgeNotAnswering", probe.bridge.message)
    : undefined;

/** Telegram answers, but not to this token. */
export const botTokenIsRefused: Check = ({ resource, probe }) => {
  if (!probe?.bridge?.answered || probe.bridge.fenced || probe.bridge.telegram.reachable) return undefined;
  if (probe.bridge.telegram.token_refused !== true) return undefined;
  const { name, key } = resource.spec.telegram.botTokenSecretRef;
  const made = `kubectl -n ${resource.namespace} create secret generic ${name} --from-literal=${key}=<bot token>`;
  const remedy = `get the present one from @BotFather, and store it: ${made} --dry-run=client -o yaml | kubectl apply -f -`;
  return problem(
    "BotTokenRefused",
    `Telegram refuses the bot token in Secret ${name}: it was revoked, or is wrong. Messages are kept; ${remedy}`,
  );
};

export const telegramIsUnreachable: Check = ({ resource, probe }) => {
  if (!probe?.bridge?.answered || probe.bridge.fenced) return undefined;
  if (probe.bridge.telegram.reachable || probe.bridge.telegram.token_refused) return undefined;
  const cause = probe.bridge.telegram.error ?? "no answer";
  const hint = resource.spec.telegram.apiUrl ? " A private address needs networkPolicy.egressTo." : "";
  return problem("TelegramUnreachable", `Telegram cannot be reached: ${cause}. Messages are kept.${hint}`);
};

export const queueIsUnusable: Check = ({ probe }) => {
  if (!probe?.bridge?.answered || probe.bridge.queue.usable) return undefined;
  const cause = probe.bridge.queue.error ?? "no reason given";
  return problem("QueueUnusable", `the queue takes no messages: ${cause}. Check the bridge's volume.`);
};

export const queueIsFull: Check = ({ probe }) => {
  if (!probe?.bridge?.answered) return undefined;
  const { queue, paused } = probe.bridge;
  if (queue.pending < queue.limit) return undefined;
  const cause = paused ? `: ${pausedText(paused)}` : "";
  const waits = `${rounded(queue.pending)} messages wait and no more are taken until some are delivered`;
  return problem("QueueFull", waits + cause);
};

export const handshakeFails: Check = ({ probe }) =>
  probe?.server?.verified === false ? problem(probe.server.reason, probe.server.message) : undefined;

/** New pods fail like those before them: it is not the pods. */
export const replacementsAreUsedUp: Check = ({ resource, probe, serverPods = [] }) => {
  const failing = (probe?.server?.verified === false && probe.server.failingPods) || [];
  const replaced = resource.status.podReplacements;
  const isUsedUp = serverPods.some(
    ({ uid, revision }) =>
      failing.includes(uid) &&
      uid !== replaced?.lastPod &&
      revision === replaced?.template &&
      replaced.count >= mostReplacements,
  );
  return isUsedUp
    ? problem(
        "ReplacedPodsFailAgain",
        "MCP server pods fail again after some were replaced, and no more are: look at their logs; a restart or another version begins anew",
      )
    : undefined;
};
