import { describe, expect, test } from "vitest";
import type { Snapshot } from "../../../../operator/deployment/snapshot.ts";
import { allProblemsOf, obstacleOf, problemsOf } from "../../../../operator/deployment/status/problems.ts";
import { specOf } from "../support/blueprint.ts";
import { bridgeAnswer, resource, snapshot, workload } from "../support/snapshot.ts";

const trouble = { reason: "CrashLooping", message: "the container exits with code 1" };
const quota = "exceeded quota: small, requested: count/pods=1";
const bridge = (fields: Parameters<typeof bridgeAnswer>[0]): Partial<Snapshot> => ({
  probe: { server: undefined, bridge: bridgeAnswer(fields) },
});

const silentBridge: Partial<Snapshot> = {
  probe: { server: undefined, bridge: { answered: false, message: "no answer from http://bridge" } },
};

test("a bridge that starts need not answer", () => {
  expect(problemsOf(snapshot({ ...silentBridge, bridge: workload({ ready: 0 }) }))).toEqual([]);
});

test("nothing is wrong with a resource with which all is well, nor with one of which little is known", () => {
  expect(problemsOf(snapshot())).toEqual([]);
  expect(problemsOf(snapshot({ server: undefined, bridge: undefined, probe: undefined, bridgeRuns: false }))).toEqual(
    [],
  );
});

test.each<[Partial<Snapshot>, string, string]>([
  [{ tokenSecret: "Missing" }, "BotTokenSecretNotFound", "kubectl -n tools create secret generic telegram"],
  [{ tokenSecret: "KeyMissing" }, "BotTokenKeyNotFound", "no value under the key token"],
  [{ refused: ["services is forbidden"] }, "ChildRefused", "services is forbidden"],
  [{ failed: ["Service team-bridge: 503"] }, "ApplyFailed", "Service team-bridge: 503"],
  [{ forbidden: ["images.server x"] }, "NotAllowed", "images.server x"],
  [{ server: workload({ deadlineExceeded: true }) }, "ProgressDeadlineExceeded", "do not become ready"],
  [{ server: workload({ failure: quota }) }, "QuotaExceeded", quota],
  [{ bridgeFailure: quota }, "QuotaExceeded", "a bridge pod cannot be created"],
  [{ bridgeFailure: "violates PodSecurity" }, "PodCreationFailed", "violates PodSecurity"],
  [{ serverTrouble: trouble }, "CrashLooping", "MCP server: the container exits"],
  [{ bridgeTrouble: trouble }, "CrashLooping", "bridge: the container exits"],
  [silentBridge, "BridgeNotAnswering", "no answer from http://bridge"],
  [bridge({ telegram: { reachable: false, error: "401" } }), "TelegramUnreachable", "401. Messages are kept."],
  [
    bridge({ telegram: { reachable: false, error: "401", token_refused: true } }),
    "BotTokenRefused",
    "--from-literal=token=<bot token> --dry-run=client",
  ],
  [bridge({ queue: { usable: false, error: "disk full" } }), "QueueUnusable", "disk full. Check the bridge's volume."],
  [bridge({ queue: { pending: 10_000 } }), "QueueFull", "10000 messages wait"],
  [
    { probe: { server: { verified: false, reason: "HandshakeRefused", message: "HTTP 401" }, bridge: undefined } },
    "HandshakeRefused",
    "HTTP 401",
  ],
])("%o is told as %s", (fields, reason, words) => {
  const problems = problemsOf(snapshot(fields));
  expect(problems).toEqual([{ reason, message: expect.stringContaining(words) }]);
});

test("a Bot API of the author's own that does not answer may need a way out", () => {
  const telegram = { botTokenSecretRef: { name: "telegram" }, allowedUsers: [1], apiUrl: "http://10.0.0.5" };
  const [problem] = problemsOf(
    snapshot({ resource: resource({ spec: specOf({ telegram }) }), ...bridge({ telegram: { reachable: false } }) }),
  );
  expect(problem?.message).toContain("networkPolicy.egressTo");
});

test("only what a person has to act on holds the operator up", () => {
  expect(obstacleOf(snapshot(bridge({ telegram: { reachable: false } })))).toBeUndefined();
  expect(obstacleOf(snapshot({ failed: ["503"] }))).toBeUndefined();
  expect(obstacleOf(snapshot({ failed: ["503"], bridgeTrouble: trouble }))?.reason).toBe("CrashLooping");
});

describe("the cause comes before its consequences", () => {
  test("a missing token before the bridge that crashes without it", () => {
    const [first, second] = problemsOf(snapshot({ tokenSecret: "Missing", bridgeTrouble: trouble }));
    expect([first?.reason, second?.reason]).toEqual(["BotTokenSecretNotFound", "CrashLooping"]);
  });

  test("a pod in trouble before the handshake that fails for it", () => {
    const server = { verified: false, reason: "ServiceUnreachable", message: "no answer" } as const;
    const problems = problemsOf(snapshot({ serverTrouble: trouble, probe: { server, bridge: undefined } }));
    expect(problems.map(({ reason }) => reason)).toEqual(["CrashLooping", "ServiceUnreachable"]);
  });
});

test("a full queue is told in round numbers, so that the message stays while it moves", () => {
  const full = (pending: number) => problemsOf(snapshot(bridge({ queue: { pending } })));
  expect(full(10_001)).toEqual(full(10_999));
});

test("a volume that cannot grow is a problem that keeps no message back", () => {
  const full = snapshot({ volume: { cause: "its class cannot grow volumes", isAsked: false } });
  expect(problemsOf(full)).toEqual([]);
  expect(allProblemsOf(full)).toEqual([
    { reason: "VolumeNearlyFull", message: expect.stringMatching(/nearly full.*its class cannot/) },
  ]);
  const asked = snapshot({ volume: { cause: "its class cannot grow volumes", isAsked: true } });
  expect(allProblemsOf(asked)).toMatchObject([{ reason: "VolumeNotGrown" }]);
});
