import type { Condition } from "../../api/status.ts";
import { isHibernated } from "../pausing/hibernation.ts";
import type { Snapshot } from "../snapshot.ts";
import type { Check } from "./check.ts";
import {
  botTokenKeyIsMissing,
  botTokenSecretIsMissing,
  bridgeDoesNotAnswer,
  bridgePodCannotBeCreated,
  bridgePodIsInTrouble,
  childFailed,
  childWasRefused,
  handshakeFails,
  isForbidden,
  queueIsFull,
  queueIsUnusable,
  replacementsAreUsedUp,
  rolloutTakesTooLong,
  secretIsMissing,
  serverPodIsInTrouble,
  serverPodsCannotBeCreated,
  telegramIsUnreachable,
} from "./checks.ts";
import { obstacleOf } from "./problems.ts";

/** One link of a chain: what is seen first, then why, and at last what a person can change. */
export type Cause = { readonly part: string; readonly reason: string; readonly message: string };

/** Why a resource is not Ready, part by part, each from what is seen to what is to be done. Empty while it is Ready, or starts. */
export function causesOf(snapshot: Snapshot, conditions: readonly Condition[]): Cause[] {
  const ready = conditions.find(({ type }) => type === "Ready");
  if (ready === undefined || ready.status === "True" || isHibernated(snapshot.resource.spec)) return [];
  const isFalse = (type: string) => conditions.some((each) => each.type === type && each.status === "False");
  const parts = [...serverChain(snapshot, isFalse), ...bridgeChain(snapshot, isFalse)];
  return parts.length > 0 ? parts : rolloutChain(snapshot);
}

type IsFalse = (condition: string) => boolean;

/** What is seen without a cause is a part that starts: there is nothing to explain. */
const ofStart: ReadonlySet<string> = new Set(["PodsNotReady", "PodNotReady", "NotCreated"]);

function chain(part: string, links: readonly ReturnType<Check>[]): Cause[] {
  const found = links.flatMap((link) =>
    link === undefined ? [] : [{ part, ...link, message: of(part, link.message) }],
  );
  return found.every(({ reason }) => ofStart.has(reason)) ? [] : found;
}

/** A problem names its part, which the link names as well. */
const of = (part: string, message: string) =>
  message.startsWith(`${part}: `) ? message.slice(part.length + 2) : message;

const ask = (snapshot: Snapshot, checks: readonly Check[]) => checks.map((check) => check(snapshot));

const seen = (is: boolean, reason: string, message: string) => (is ? { reason, message } : undefined);

/** Without a workload, what the API server said of the children is a reason for that. */
const ofWriting = (exists: boolean): readonly Check[] => (exists ? [] : [childFailed, childWasRefused]);

function serverChain(snapshot: Snapshot, isFalse: IsFalse): Cause[] {
  const { server, resource } = snapshot;
  const isAbsent = isFalse("ServerAvailable");
  if (!isAbsent && !isFalse("Verified")) return [];
  if (!isAbsent) return chain("MCP server", ask(snapshot, [handshakeFails, replacementsAreUsedUp]));
  const isStopped = server?.replicas === 0;
  const remedy = resource.spec.server.replicas === 0 ? ": server.replicas is 0, set it to 1 or more" : "";
  return chain("MCP server", [
    seen(isStopped, "ScaledToZero", `no MCP server runs${remedy}`),
    seen(
      !isStopped && server !== undefined,
      "PodsNotReady",
      "clients cannot connect: too few MCP server pods are ready",
    ),
    seen(server === undefined, "NotCreated", "clients cannot connect: the Deployment of the MCP server does not exist"),
    ...ask(snapshot, [rolloutTakesTooLong, serverPodIsInTrouble, serverPodsCannotBeCreated]),
    ...ask(snapshot, [...ofWriting(server !== undefined), secretMissingFor("server.env"), isForbidden]),
  ]);
}

function bridgeChain(snapshot: Snapshot, isFalse: IsFalse): Cause[] {
  const { bridge } = snapshot;
  const isAbsent = isFalse("BridgeAvailable");
  if (!isAbsent && !isFalse("TelegramReachable") && !isFalse("QueueHealthy") && !bridgeDoesNotAnswer(snapshot))
    return [];
  return chain("bridge", [
    seen(isAbsent && bridge !== undefined, "PodNotReady", "messages do not arrive: the bridge's pod is not ready"),
    seen(isAbsent && !bridge, "NotCreated", "messages do not arrive: the StatefulSet of the bridge does not exist"),
    ...ask(snapshot, [bridgeDoesNotAnswer, queueIsFull, queueIsUnusable, telegramIsUnreachable]),
    ...ask(snapshot, [bridgePodIsInTrouble, bridgePodCannotBeCreated, ...ofWriting(bridge !== undefined)]),
    ...ask(snapshot, [secretMissingFor("bridge.env"), botTokenKeyIsMissing, botTokenSecretIsMissing, isForbidden]),
  ]);
}

/** The pods that serve do so, but what the spec asks for does not come. */
function rolloutChain(snapshot: Snapshot): Cause[] {
  const obstacle = obstacleOf(snapshot);
  if (obstacle === undefined) return [];
  return chain("rollout", [seen(true, "RollingOut", "what the spec asks for cannot be started"), obstacle]);
}

const secretMissingFor =
  (field: string): Check =>
  (snapshot) =>
    secretIsMissing({ ...snapshot, missingSecrets: snapshot.missingSecrets.filter((each) => each.field === field) });
