import { describe, expect, test } from "vitest";
import { type ConditionType, conditionTypes } from "../../../operator/api/status.ts";
import { conditionsOf } from "../../../operator/deployment/conditions/conditions.ts";
import type { Snapshot } from "../../../operator/deployment/snapshot.ts";
import { specOf } from "./support/blueprint.ts";
import { bridgeAnswer, condition, earlier, now, resource, snapshot, statusWith, workload } from "./support/snapshot.ts";

const judge = (type: ConditionType, fields: Partial<Snapshot> = {}) =>
  conditionsOf(snapshot(fields), now).find((condition) => condition.type === type);

const probed = (bridge: Parameters<typeof bridgeAnswer>[0]): Partial<Snapshot> => ({
  probe: { server: undefined, bridge: bridgeAnswer(bridge) },
});
const silent: Partial<Snapshot> = {
  probe: { server: undefined, bridge: { answered: false, message: "no answer from the bridge" } },
};
const stopped = workload({ replicas: 0, current: 0, updated: 0, ready: 0 });
const starting = workload({ ready: 0 });
const trouble = { reason: "ImagePullFailed", message: "the image cannot be pulled" };
const paused = resource({ spec: specOf({ reconciliation: "Paused" }) });
const refused = { verified: false, reason: "HandshakeRefused", message: "HTTP 401" } as const;

/** Condition, what is different from a resource with which all is well, and the judgement. */
const judgements: readonly [ConditionType, string, Partial<Snapshot>, string, string][] = [
  ["ServerAvailable", "a pod is ready", { server: workload({ ready: 1 }) }, "True", "PodsReady"],
  ["ServerAvailable", "there is no Deployment", { server: undefined }, "False", "NotCreated"],
  ["ServerAvailable", "it is scaled to zero", { server: stopped }, "False", "ScaledToZero"],
  ["ServerAvailable", "pods start", { server: starting }, "False", "PodsNotReady"],
  ["ServerAvailable", "pods cannot start", { server: starting, serverTrouble: trouble }, "False", "ImagePullFailed"],
  ["BridgeAvailable", "its pod is ready", {}, "True", "PodReady"],
  [
    "BridgeAvailable",
    "the token is missing",
    { bridge: undefined, tokenSecret: "Missing" },
    "False",
    "WaitingForBotToken",
  ],
  ["BridgeAvailable", "it is not made yet", { bridge: undefined }, "False", "NotCreated"],
  ["BridgeAvailable", "its pod starts", { bridge: starting }, "False", "PodNotReady"],
  ["BridgeAvailable", "its pod cannot start", { bridge: starting, bridgeTrouble: trouble }, "False", "ImagePullFailed"],
  ["TelegramReachable", "Telegram answers", {}, "True", "Answered"],
  ["TelegramReachable", "no bridge runs", { bridgeRuns: false }, "Unknown", "BridgeNotRunning"],
  ["TelegramReachable", "the bridge is silent", silent, "Unknown", "BridgeNotAnswering"],
  [
    "TelegramReachable",
    "Telegram is silent",
    probed({ telegram: { reachable: false } }),
    "False",
    "TelegramUnreachable",
  ],
  ["QueueHealthy", "there is room", {}, "True", "QueueUsable"],
  ["QueueHealthy", "no bridge runs", { bridgeRuns: false }, "Unknown", "BridgeNotRunning"],
  ["QueueHealthy", "the bridge is silent", silent, "Unknown", "BridgeNotAnswering"],
  [
    "QueueHealthy",
    "the disk is full",
    probed({ queue: { usable: false, error: "disk full" } }),
    "False",
    "QueueUnusable",
  ],
  ["QueueHealthy", "nine tenths are taken", probed({ queue: { pending: 9_000 } }), "False", "QueueNearlyFull"],
  ["QueueHealthy", "less than nine tenths are taken", probed({ queue: { pending: 8_999 } }), "True", "QueueUsable"],
  ["Verified", "the handshake succeeded", {}, "True", "HandshakeSucceeded"],
  ["Verified", "no pod can answer", { server: starting }, "False", "ServerNotReady"],
  ["Verified", "the handshake failed", { probe: { server: refused, bridge: undefined } }, "False", "HandshakeRefused"],
  ["Verified", "nobody has asked yet", { probe: undefined }, "Unknown", "NotYetKnown"],
  ["Progressing", "all pods are there", {}, "False", "Settled"],
  ["Progressing", "a pod is replaced", { server: workload({ updated: 2 }) }, "True", "RollingOut"],
  ["Progressing", "an old pod is still there", { server: workload({ current: 4 }) }, "True", "RollingOut"],
  ["Progressing", "a change is not seen yet", { bridge: workload({ observed: false }) }, "True", "RollingOut"],
  ["Degraded", "nothing is wrong", {}, "False", "NoProblems"],
  ["Degraded", "the token is missing", { tokenSecret: "Missing" }, "True", "BotTokenSecretNotFound"],
  ["Paused", "reconciliation is active", {}, "False", "Active"],
  ["Paused", "the user paused it", { resource: paused }, "True", "PausedByUser"],
  ["Ready", "every part is well", {}, "True", "Ready"],
  ["Ready", "a part is not, and no cause is known", { server: starting }, "False", "PodsNotReady"],
  ["Ready", "a cause is known", { bridge: undefined, tokenSecret: "Missing" }, "False", "BotTokenSecretNotFound"],
  ["Ready", "it is paused but well", { resource: paused }, "True", "Ready"],
];

test.each(judgements)("%s when %s", (type, _when, fields, status, reason) => {
  expect(judge(type, fields)).toMatchObject({ status, reason, observedGeneration: 3 });
});

test("all conditions are there, Ready first", () => {
  expect(conditionsOf(snapshot(), now).map(({ type }) => type)).toEqual(conditionTypes);
});

describe("lastTransitionTime", () => {
  const known = (status: "True" | "False") => resource({ status: statusWith(condition("Ready", status)) });

  test("stays while the status does, even when reason and message change", () => {
    const kept = judge("Ready", { resource: known("False"), server: starting });
    expect(kept).toMatchObject({ lastTransitionTime: earlier, reason: "PodsNotReady" });
  });

  test("is now when the status changes", () => {
    expect(judge("Ready", { resource: known("False") })?.lastTransitionTime).toBe(now);
  });
});

test("what cannot be judged anew keeps its last word", () => {
  const last = condition("Verified", "True", { reason: "HandshakeSucceeded", message: "the server speaks MCP" });
  const status = statusWith(last, condition("TelegramReachable", "True"), condition("QueueHealthy", "True"));
  const fields = { resource: resource({ status, generation: 4 }), probe: undefined };
  expect(judge("Verified", fields)).toEqual({ ...last, observedGeneration: 4 });
  expect(judge("Ready", fields)?.status).toBe("True");
});
