import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ConditionType, conditionTypes } from "../../../operator/api/status.ts";
import type { Snapshot } from "../../../operator/deployment/snapshot.ts";
import { conditionsOf } from "../../../operator/deployment/status/conditions/conditions.ts";
import { specOf } from "./support/blueprint.ts";
import {
  bridgeAnswer,
  condition,
  earlier,
  exposure,
  now,
  resource,
  secrets,
  snapshot,
  statusWith,
  workload,
} from "./support/snapshot.ts";

const judge = (type: ConditionType, fields: Partial<Snapshot> = {}) =>
  conditionsOf(snapshot(fields), now).find((condition) => condition.type === type);

const probed = (bridge: Parameters<typeof bridgeAnswer>[0]): Partial<Snapshot> => ({
  probe: { server: undefined, bridge: bridgeAnswer(bridge) },
});
const silent: Partial<Snapshot> = {
  probe: { server: undefined, bridge: { answered: false, message: "no answer from the bridge" } },
};
const asking: Partial<Snapshot> = {
  resource: resource({
    spec: specOf({ telegram: { botTokenSecretRef: { name: "bot" }, allowedUsers: [1], updates: "Polling" } }),
  }),
  verdict: { state: "Receives" },
};
const heard = (fields: Partial<NonNullable<Parameters<typeof bridgeAnswer>[0]["receiving"]>>) =>
  probed({ receiving: { mode: "Polling", receiving: true, other_consumer: false, ...fields } });
const metric = { type: "CallsInFlight", target: 5 };
/** Autoscaling by a number of MCP's own, and what the scaler says. */
const scaling = (told: Partial<NonNullable<Snapshot["scaling"]>>, autoscaling: object = { metrics: [metric] }) => ({
  resource: resource({ spec: specOf({ server: { autoscaling } }) }),
  scaling: { state: undefined, other: undefined, hasScaledObject: true, ...told },
});
const scaler = (reason: string, lacks: readonly string[] = []) => ({
  state: { works: reason === "ValidMetricFound", reason, lacks },
});
const byKeda = { provider: "KEDA", prometheusUrl: "http://prometheus:9090", metrics: [metric] };
const backups = (fields: Partial<NonNullable<Snapshot["backups"]>> = {}): Partial<Snapshot>["backups"] => ({
  ...{
    last: undefined,
    newest: undefined,
    next: undefined,
    problem: undefined,
    overdue: false,
    lookAgainMs: undefined,
  },
  ...fields,
});
const restoring = (fields: Partial<NonNullable<Snapshot["restore"]>> = {}): Partial<Snapshot> => ({
  restore: { noPlan: undefined, refusal: undefined, done: false, ...fields },
});
const broken = { code: "BACKUP_BROKEN", message: "it is damaged" };
const other = { namespace: "others", name: "older" };
const stopped = workload({ replicas: 0, current: 0, updated: 0, ready: 0 });
const starting = workload({ ready: 0 });
const trouble = { reason: "ImagePullFailed", message: "the image cannot be pulled" };
const hibernated = resource({ spec: specOf({ activity: "Hibernated" }) });
const asleep = { resource: hibernated, server: stopped, bridge: stopped, bridgeRuns: false, probe: undefined };
const curious = resource({ spec: specOf({ reconciliation: "DryRun" }) });
const fenced: Partial<Snapshot> = {
  resource: resource({ spec: specOf({ bridge: { fencing: "Fenced" } }) }),
  ...probed({ telegram: { reachable: false }, fenced: true }),
};
const hibernatedAndPaused = resource({ spec: specOf({ activity: "Hibernated", reconciliation: "Paused" }) });
const opensAt = Date.parse("2026-01-03T02:00:00Z");
const waiting: Partial<Snapshot> = { waiting: { parts: ["bridge"], opensAt } };
const paused = resource({ spec: specOf({ reconciliation: "Paused" }) });
const well = { reason: "Ready", message: "clients can connect and messages arrive" };
const refused = { verified: false, reason: "HandshakeRefused", message: "HTTP 401" } as const;

/** Condition, the difference from a resource without problems, and the judgement. */
const judgements: readonly [ConditionType, string, Partial<Snapshot>, string, string][] = [
  ["BackupSucceeded", "none has ended", { backups: backups() }, "Unknown", "NoBackupYet"],
  [
    "BackupSucceeded",
    "the newest is stored",
    { backups: backups({ newest: { succeeded: true, message: "" } }) },
    "True",
    "BackupStored",
  ],
  [
    "BackupSucceeded",
    "the newest failed",
    { backups: backups({ newest: { succeeded: false, message: "no room" }, overdue: true }) },
    "False",
    "BackupFailed",
  ],
  [
    "BackupSucceeded",
    "the last one is too old",
    { backups: backups({ newest: { succeeded: true, message: "" }, overdue: true }) },
    "False",
    "BackupTooOld",
  ],
  [
    "BackupSucceeded",
    "the schedule is wrong",
    { backups: backups({ problem: "hour 25" }) },
    "False",
    "ScheduleInvalid",
  ],
  ["Restored", "the volume is being filled", restoring(), "False", "Restoring"],
  ["Restored", "the bridge runs", restoring({ done: true }), "True", "Restored"],
  ["Restored", "the archive is broken", restoring({ refusal: broken }), "False", "RestoreRefused"],
  [
    "Restored",
    "there is no such backup",
    restoring({ noPlan: { reason: "BackupNotFound", message: "" } }),
    "False",
    "BackupNotFound",
  ],
  ["ServerAvailable", "all pods are ready", {}, "True", "PodsReady"],
  ["ServerAvailable", "a drain has taken one pod", { server: workload({ ready: 2 }) }, "True", "PodsReady"],
  ["ServerAvailable", "two of three are missing", { server: workload({ ready: 1 }) }, "False", "PodsNotReady"],
  [
    "ServerAvailable",
    "an autoscaler adds pods to those that have to be",
    { server: workload({ replicas: 12, current: 12, ready: 3 }) },
    "True",
    "PodsReady",
  ],
  [
    "ServerAvailable",
    "its one pod is missing",
    { server: workload({ replicas: 1, ready: 0 }) },
    "False",
    "PodsNotReady",
  ],
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
  [
    "TelegramReachable",
    "the token was revoked",
    probed({ telegram: { reachable: false, token_refused: true } }),
    "False",
    "BotTokenRefused",
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
  ["QueueHealthy", "no more are taken", probed({ queue: { pending: 10_000 } }), "False", "QueueFull"],
  ["QueueHealthy", "less than nine tenths are taken", probed({ queue: { pending: 8_999 } }), "True", "QueueUsable"],
  ["Verified", "the handshake succeeded", {}, "True", "HandshakeSucceeded"],
  ["Verified", "no pod can answer", { server: starting }, "False", "ServerNotReady"],
  ["Verified", "the handshake failed", { probe: { server: refused, bridge: undefined } }, "False", "HandshakeRefused"],
  ["Verified", "nobody has asked yet", { probe: undefined }, "Unknown", "NotYetKnown"],
  ["Receiving", "the bridge receives", { ...asking, ...heard({}) }, "True", "Receives"],
  ["Receiving", "no bridge runs", { ...asking, bridgeRuns: false }, "Unknown", "BridgeNotRunning"],
  ["Receiving", "the bridge does not answer", { ...asking, ...silent }, "Unknown", "BridgeNotAnswering"],
  ["Receiving", "the bridge is older", asking, "Unknown", "NotReported"],
  [
    "Receiving",
    "the bridge's pod is the one from before",
    { ...asking, ...heard({ mode: "None" }) },
    "False",
    "NotYetPolling",
  ],
  [
    "Receiving",
    "Telegram's answer is no update",
    { ...asking, ...heard({ receiving: false }) },
    "False",
    "NotReceiving",
  ],
  [
    "Receiving",
    "a program elsewhere reads the updates",
    { ...asking, ...heard({ other_consumer: true }) },
    "False",
    "OtherConsumer",
  ],
  [
    "Receiving",
    "Telegram cannot call the webhook",
    { ...asking, ...heard({ mode: "Webhook", receiving: false, undelivered: true, error: "SSL error" }) },
    "False",
    "WebhookUnreachable",
  ],
  [
    "Receiving",
    "another webhook is set",
    { ...asking, ...heard({ mode: "Webhook", receiving: false, other_consumer: true }) },
    "False",
    "OtherConsumer",
  ],
  [
    "Receiving",
    "an older resource has the token",
    { ...asking, verdict: { state: "SendsOnly", other }, ...heard({ mode: "None" }) },
    "False",
    "BotTokenShared",
  ],
  ["Receiving", "the former one ends", { ...asking, verdict: { state: "Waits", other } }, "False", "HandOver"],
  ["TelegramReachable", "the bridge is fenced", fenced, "Unknown", "BridgeFenced"],
  ["Delivering", "the bridge is fenced", fenced, "False", "BridgeFenced"],
  [
    "Receiving",
    "the bridge is fenced",
    {
      ...asking,
      ...probed({ fenced: true, receiving: { mode: "Polling", receiving: false, other_consumer: false } }),
    },
    "False",
    "BridgeFenced",
  ],
  ["Degraded", "the bridge is fenced", fenced, "False", "NoProblems"],
  [
    "Degraded",
    "the bridge's image does not know fences",
    { resource: resource({ spec: specOf({ bridge: { fencing: "Fenced" } }) }) },
    "True",
    "FencingNotSupported",
  ],
  [
    "Ready",
    "the first version is not known as good yet",
    { rollout: { target: 1, revisions: [] } },
    "False",
    "RollingOut",
  ],
  ["Ready", "the bridge is fenced", fenced, "False", "BridgeFenced"],
  ["Hibernated", "it is active", {}, "False", "Active"],
  ["Hibernated", "no pod is left", asleep, "True", "Hibernated"],
  [
    "Hibernated",
    "a pod still ends",
    { ...asleep, server: workload({ replicas: 0, current: 1, updated: 1, ready: 0 }) },
    "False",
    "FallingAsleep",
  ],
  ["Hibernated", "it is paused, too", { ...asleep, ...{ resource: hibernatedAndPaused } }, "False", "FallingAsleep"],
  ["Ready", "it hibernates", asleep, "False", "Hibernated"],
  ["ServerAvailable", "it hibernates", asleep, "False", "Hibernated"],
  ["BridgeAvailable", "it hibernates", asleep, "False", "Hibernated"],
  ["Reconciling", "it hibernates", asleep, "False", "RolledOut"],
  ["Degraded", "it hibernates", asleep, "False", "NoProblems"],
  [
    "Stalled",
    "it hibernates, and has no token",
    { ...asleep, bridge: undefined, tokenSecret: "Missing" },
    "False",
    "NoObstacles",
  ],
  [
    "Hibernated",
    "it never had a token",
    { ...asleep, bridge: undefined, tokenSecret: "Missing" },
    "True",
    "Hibernated",
  ],
  ["Stalled", "it hibernates, and a child was refused", { ...asleep, refused: ["no"] }, "True", "ChildRefused"],
  ["Progressing", "a change waits for a window", waiting, "False", "WaitingForMaintenance"],
  ["Progressing", "pods start while another change waits", { ...waiting, server: starting }, "True", "RollingOut"],
  ["Reconciling", "a change waits for a window", waiting, "True", "WaitingForMaintenance"],
  ["Degraded", "a window never comes", { emptySchedules: ["0 2 31 2 *"] }, "True", "MaintenanceNeverComes"],
  ["Paused", "the user asks what would change", { resource: curious }, "True", "DryRun"],
  ["Reconciling", "the user asks what would change", { resource: curious }, "False", "DryRun"],
  ["Autoscaling", "the numbers arrive", scaling(scaler("ValidMetricFound")), "True", "ScalingActive"],
  ["Autoscaling", "nothing is told yet", scaling({}), "Unknown", "NotYetKnown"],
  [
    "Autoscaling",
    "one number of several is missing",
    scaling(scaler("ValidMetricFound", ["mcp_calls_in_flight"])),
    "False",
    "MetricsNotAvailable",
  ],
  ["Autoscaling", "CPU is not measured", scaling(scaler("FailedGetResourceMetric")), "False", "MetricsNotAvailable"],
  ["Autoscaling", "it fails otherwise", scaling(scaler("InvalidSelector")), "False", "ScalerNotWorking"],
  ["Autoscaling", "KEDA is missing", scaling({ hasScaledObject: false }, byKeda), "False", "KEDANotInstalled"],
  ["Autoscaling", "another one scales, too", scaling({ other: "theirs" }), "False", "AnotherAutoscaler"],
  [
    "Autoscaling",
    "another one scales alone",
    scaling({ other: "theirs" }, { mode: "Disabled" }),
    "True",
    "ScaledByAnother",
  ],
  ["Delivering", "nobody is refused", {}, "True", "NothingRefused"],
  ["Delivering", "no bridge runs", { bridgeRuns: false }, "Unknown", "BridgeNotRunning"],
  [
    "Delivering",
    "somebody is refused",
    probed({ refusals: [{ chatId: 7, reason: "blocked" }] }),
    "False",
    "RecipientRefused",
  ],
  [
    "Delivering",
    "a client has stopped it",
    probed({ paused: { since: "x" }, waiting: "flood" }),
    "False",
    "DeliveryPaused",
  ],
  [
    "Delivering",
    "a topic is closed",
    probed({ refusedTopics: [{ name: "ops", hint: "open it" }] }),
    "False",
    "TopicRefused",
  ],
  ["Delivering", "Telegram asks to wait for long", probed({ waiting: "flood" }), "False", "WaitingForTelegram"],
  ["Reconciling", "all runs", {}, "False", "RolledOut"],
  ["Reconciling", "pods start", { server: starting }, "True", "RollingOut"],
  ["Reconciling", "a child could not be written, which may pass", { failed: ["503"] }, "True", "RollingOut"],
  ["Reconciling", "a person has to act", { server: starting, serverTrouble: trouble }, "False", "Stalled"],
  ["Reconciling", "the user paused it", { resource: paused }, "False", "PausedByUser"],
  ["Stalled", "all runs", {}, "False", "NoObstacles"],
  ["Stalled", "pods start", { server: starting }, "False", "NoObstacles"],
  ["Stalled", "an image cannot be pulled", { serverTrouble: trouble }, "True", "ImagePullFailed"],
  ["Stalled", "the token is missing", { tokenSecret: "Missing" }, "True", "BotTokenSecretNotFound"],
  ["Stalled", "a child was refused", { refused: ["no"] }, "True", "ChildRefused"],
  ["Stalled", "the image is not allowed", { forbidden: ["no"] }, "True", "NotAllowed"],
  [
    "Stalled",
    "new pods never became ready",
    { server: workload({ deadlineExceeded: true }) },
    "True",
    "ProgressDeadlineExceeded",
  ],
  ["Stalled", "Telegram is silent, which may pass", probed({ telegram: { reachable: false } }), "False", "NoObstacles"],
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
  ["Ready", "the last of its pods starts", { server: workload({ ready: 2 }) }, "False", "RollingOut"],
  ["Ready", "a child could not be written", { failed: ["503"] }, "False", "RollingOut"],
  ["Ready", "a child was refused", { refused: ["no"] }, "False", "ChildRefused"],
];

test.each(judgements)("%s when %s", (type, _when, fields, status, reason) => {
  expect(judge(type, fields)).toMatchObject({ status, reason, observedGeneration: 3 });
});

test("all conditions are there, Ready first, and others where they are asked for", () => {
  const typesOf = (fields: Partial<Snapshot>) => conditionsOf(snapshot(fields), now).map(({ type }) => type);
  const restore = { noPlan: undefined, refusal: undefined, done: false };
  const telegram = { botTokenSecretRef: { name: "bot" }, allowedUsers: [1], updates: "Polling" };
  const all: Partial<Snapshot> = {
    resource: resource({ spec: specOf({ telegram, bridge: { hmacRotationDays: 30 } }) }),
    ...{ exposure: exposure(), secrets: secrets(), scaling: scaling({ other: "theirs" }).scaling },
    ...{ restore, backups: backups() },
    image: { state: "Pending", image: "docker.io/cctelegram/server:1.2.3" },
    adoption: { serversReady: true, moved: [], keysProblem: undefined },
  };
  expect(typesOf({ ...asking, ...all })).toEqual(conditionTypes);
  const asked = ["Exposed", "Restored", "BackupSucceeded", "Receiving", "Autoscaling", "SecretsCurrent"];
  const optional = [...asked, "ImageAccepted", "Adopted"];
  expect(typesOf({})).toEqual(conditionTypes.filter((type) => !optional.includes(type)));
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

test("what cannot be judged again keeps its last word, and the generation that it was said of", () => {
  const last = condition("Verified", "True", { reason: "HandshakeSucceeded", message: "the server speaks MCP" });
  const before = condition("Ready", "True");
  const status = statusWith(before, last, condition("TelegramReachable", "True"), condition("QueueHealthy", "True"));
  const fields = { resource: resource({ status, generation: 4 }), probe: undefined };
  expect(judge("Verified", fields)).toEqual(last);
  expect(judge("Ready", fields)).toEqual(before);
  expect(judge("ServerAvailable", fields)?.observedGeneration).toBe(4);
});

describe("Ready of a new generation", () => {
  const before = condition("Ready", "True");
  const changed = resource({ status: statusWith(before), generation: 4 });
  const replacing = workload({ current: 4, updated: 1, ready: 3 });

  test.each<[string, Partial<Snapshot>]>([
    ["has not been seen by the workload", { server: workload({ observed: false }) }],
    ["has pods of the old one left", { server: replacing }],
    ["has a pod that is not ready", { server: workload({ ready: 2 }) }],
    ["waits for its bridge to be replaced", { bridge: workload({ replicas: 1, current: 1, updated: 0, ready: 1 }) }],
    ["could not be written in full", { failed: ["503"] }],
    ["is paused", { resource: { ...changed, spec: specOf({ reconciliation: "Paused" }) } }],
  ])("stays that of the old one while it %s", (_what, fields) => {
    expect(judge("Ready", { resource: changed, ...fields })).toEqual(before);
  });

  test("is said when it runs", () => {
    expect(judge("Ready", { resource: changed })).toEqual({ ...before, observedGeneration: 4, ...well });
  });

  test("fails when it cannot run, although the old pods serve, and goes on failing", () => {
    const stuck = { server: replacing, serverTrouble: trouble };
    const failed = judge("Ready", { resource: changed, ...stuck });
    expect(failed).toMatchObject({ status: "False", observedGeneration: 4, reason: "ImagePullFailed" });
    const later = resource({ status: statusWith(failed!), generation: 4 });
    expect(judge("Ready", { resource: later, ...stuck })).toEqual(failed);
    expect(judge("ServerAvailable", { resource: later, ...stuck })?.status).toBe("True");
  });

  test("fails while the Secret that it names does not exist, although the bridge runs with the old one", () => {
    const failed = judge("Ready", { resource: changed, tokenSecret: "Missing" });
    expect(failed).toMatchObject({ status: "False", reason: "BotTokenSecretNotFound" });
    const later = resource({ status: statusWith(failed!), generation: 4 });
    expect(judge("Ready", { resource: later, tokenSecret: "Missing" })).toEqual(failed);
  });

  test("is judged again when the old one was not ready either", () => {
    const wasNot = resource({ status: statusWith(condition("Ready", "False")), generation: 4 });
    expect(judge("Ready", { resource: wasNot, server: workload({ ready: 2 }) })).toMatchObject({
      status: "False",
      observedGeneration: 4,
      reason: "RollingOut",
    });
  });
});

describe("Ready of the same generation", () => {
  const ready = resource({ status: statusWith(condition("Ready", "True")) });

  test("stays while pods come and go and enough are there", () => {
    for (const server of [workload({ ready: 2 }), workload({ replicas: 5, current: 5, updated: 5, ready: 3 })]) {
      expect(judge("Ready", { resource: ready, server })?.status).toBe("True");
    }
  });

  test("ends when too few are left", () => {
    expect(judge("Ready", { resource: ready, server: workload({ ready: 1 }) })?.reason).toBe("PodsNotReady");
  });

  test("ends when pods of a new template cannot start, such as those of a new operator's image", () => {
    const server = workload({ current: 4, updated: 1, ready: 3 });
    expect(judge("Ready", { resource: ready, server, serverTrouble: trouble })?.reason).toBe("ImagePullFailed");
  });
});

describe("what may be a passing state of a start", () => {
  const passing = { probe: { server: refused, bridge: bridgeAnswer({}), lasting: false } };

  test("is seen in its own condition and in Ready, and is no problem until it lasts", () => {
    expect(judge("Verified", passing)).toMatchObject({ status: "False", reason: "HandshakeRefused" });
    expect(judge("Ready", passing)).toMatchObject({ status: "False", reason: "HandshakeRefused" });
    expect(judge("Degraded", passing)?.status).toBe("False");
    expect(judge("Degraded", { probe: { ...passing.probe, lasting: true } })?.reason).toBe("HandshakeRefused");
  });

  test.each<[string, Partial<Snapshot>]>([
    ["not asked again yet", { probe: undefined }],
    ["asked once", passing],
  ])("does not take back what was known before a restart of the operator: %s", (_what, fields) => {
    const known = condition("Degraded", "True", { reason: "HandshakeRefused" });
    expect(judge("Degraded", { ...fields, resource: resource({ status: statusWith(known) }) })).toEqual(known);
  });

  test("does not hide another problem, and is gone when all is well", () => {
    const status = statusWith(condition("Degraded", "True", { reason: "HandshakeRefused" }));
    const before = resource({ status });
    expect(judge("Degraded", { ...passing, resource: before, serverTrouble: trouble })?.reason).toBe("ImagePullFailed");
    expect(judge("Degraded", { resource: before })?.status).toBe("False");
  });
});

describe("refused recipients", () => {
  const refusals = [9, -100, 3, 5, 7, 8].map((chatId) => ({ chatId, reason: "403 Forbidden", hint: undefined }));
  const message = (list: typeof refusals) => judge("Delivering", probed({ refusals: list }))?.message;

  test("are named in the same order, five of them, by what they can do about it", () => {
    expect(message(refusals)).toBe(
      "Telegram refuses messages to -100 (403 Forbidden), 3 (403 Forbidden), 5 (403 Forbidden), 7 (403 Forbidden), 8 (403 Forbidden) and others",
    );
    expect(message(refusals.toReversed())).toBe(message(refusals));
    const hint = "has not pressed Start";
    expect(judge("Delivering", probed({ refusals: [{ chatId: 1, reason: "403", hint }] }))?.message).toBe(
      "Telegram refuses messages to 1 (has not pressed Start)",
    );
  });

  test("are not the matter while delivery is stopped", () => {
    expect(judge("Delivering", probed({ refusals, paused: { since: "noon", by: "claude" } }))?.message).toBe(
      "delivery has been stopped by the client claude since noon until the tool start_bridge is called: messages are accepted and kept",
    );
  });

  test("are named as the resource names them, and so are topics", () => {
    const news = { chatId: 0, name: "news", reason: "chat news (@team_news) does not exist", hint: "check its name" };
    const ops = { chatId: 0, name: "alerts", reason: "chat alerts does not let the bot write" };
    for (const list of [
      [news, ops],
      [ops, news],
    ]) {
      expect(judge("Delivering", probed({ refusals: list }))?.message).toBe(
        "Telegram refuses messages to alerts (chat alerts does not let the bot write), news (check its name)",
      );
    }
    const topics = ["b", "a"].map((name) => ({ name, hint: "open it" }));
    expect(judge("Delivering", probed({ refusedTopics: topics }))?.message).toBe(
      "Telegram refuses the topics of a (open it), b (open it): their messages go to the groups' General topics",
    );
  });

  test("leave the others served: it is no part of Ready", () => {
    expect(judge("Ready", probed({ refusals }))?.status).toBe(judge("Ready", probed({}))?.status);
  });
});

test("every message is printable and at most 1 KiB, whatever pods and API server say", () => {
  const text = fc.oneof(fc.string({ unit: "binary", maxLength: 3_000 }), fc.constant("x".repeat(5_000)));
  const hostile = fc.record({
    serverTrouble: fc.option(fc.record({ reason: fc.constant("CrashLooping"), message: text }), { nil: undefined }),
    bridgeFailure: fc.option(text, { nil: undefined }),
    refused: fc.array(text, { maxLength: 3 }),
    failed: fc.array(text, { maxLength: 3 }),
    probe: text.map((error) => ({
      server: { verified: false as const, reason: "HandshakeRefused", message: error },
      bridge: bridgeAnswer({ telegram: { reachable: false, error }, refusals: [{ chatId: 1, reason: error }] }),
    })),
  });
  fc.assert(
    fc.property(hostile, (fields) => {
      for (const { message } of conditionsOf(snapshot(fields), now)) {
        expect(message.length).toBeLessThanOrEqual(1024);
        expect(message).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      }
    }),
  );
});

test("a problem and the condition of its part say the same", () => {
  const facts: [ConditionType, Partial<Snapshot>][] = [
    ["ServerAvailable", { server: starting, serverTrouble: trouble }],
    ["BridgeAvailable", { bridge: starting, bridgeTrouble: trouble }],
    ["TelegramReachable", probed({ telegram: { reachable: false, error: "401" } })],
    ["QueueHealthy", probed({ queue: { usable: false } })],
    ["QueueHealthy", probed({ queue: { pending: 20_000 } })],
    ["Verified", { probe: { server: refused, bridge: bridgeAnswer({}) } }],
  ];
  for (const [type, fields] of facts) {
    const { reason, message } = judge(type, fields)!;
    expect(judge("Degraded", fields)).toMatchObject({ status: "True", reason, message });
    expect(judge("Ready", fields)).toMatchObject({ status: "False", reason, message });
  }
});
