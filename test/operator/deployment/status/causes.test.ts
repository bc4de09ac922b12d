import { describe, expect, test } from "vitest";
import type { CachedPod } from "../../../../operator/deployment/pods/pods.ts";
import type { Snapshot } from "../../../../operator/deployment/snapshot.ts";
import { statusOf } from "../../../../operator/deployment/status/status.ts";
import { specOf } from "../support/blueprint.ts";
import { bridgeAnswer, now, resource, snapshot, workload } from "../support/snapshot.ts";

const causes = (fields: Partial<Snapshot>) =>
  statusOf(snapshot(fields), now).causes?.map(({ part, reason }) => `${part}: ${reason}`);

const starting = workload({ ready: 0 });
const bridgeStarting = workload({ replicas: 1, current: 1, updated: 1, ready: 0 });
const crashing = { reason: "CrashLooping", message: "the container exits with code 1" };
const withoutConfiguration = { reason: "CreateContainerConfigError", message: 'secret "x" not found' };

describe("nothing has to be explained while", () => {
  test.each<[string, Partial<Snapshot>]>([
    ["it is Ready", {}],
    ["pods roll out and none is missing", { server: workload({ current: 4 }) }],
    ["its parts start", { server: starting, bridge: bridgeStarting, bridgeRuns: false, probe: undefined }],
    ["nothing exists yet", { server: undefined, bridge: undefined, bridgeRuns: false, probe: undefined }],
    [
      "it hibernates",
      {
        resource: resource({ spec: specOf({ activity: "Hibernated" }) }),
        server: workload({ replicas: 0, current: 0, updated: 0, ready: 0 }),
      },
    ],
  ])("%s", (_when, fields) => {
    expect(causes(fields)).toBeUndefined();
  });
});

describe("a chain leads from what is seen to what is to be done", () => {
  test.each<[string, Partial<Snapshot>, string[]]>([
    [
      "servers that crash",
      { server: starting, serverTrouble: crashing },
      ["MCP server: PodsNotReady", "MCP server: CrashLooping"],
    ],
    [
      "servers that miss a Secret",
      { server: starting, serverTrouble: withoutConfiguration, missingSecrets: [{ name: "x", field: "server.env" }] },
      ["MCP server: PodsNotReady", "MCP server: CreateContainerConfigError", "MCP server: SecretNotFound"],
    ],
    [
      "a Deployment that was refused",
      { server: undefined, refused: ["a policy says no"] },
      ["MCP server: NotCreated", "MCP server: ChildRefused"],
    ],
    [
      "a bridge without its token",
      { bridge: undefined, bridgeRuns: false, tokenSecret: "Missing" },
      ["bridge: NotCreated", "bridge: BotTokenSecretNotFound"],
    ],
    [
      "a bridge that cannot reach Telegram",
      {
        bridge: bridgeStarting,
        probe: { server: undefined, bridge: bridgeAnswer({ telegram: { reachable: false, error: "refused" } }) },
      },
      ["bridge: PodNotReady", "bridge: TelegramUnreachable"],
    ],
    [
      "a handshake that fails",
      {
        probe: {
          server: { verified: false, reason: "HandshakeRefused", message: "HTTP 401" },
          bridge: bridgeAnswer({}),
        },
      },
      ["MCP server: HandshakeRefused"],
    ],
    [
      "both parts",
      { server: starting, serverTrouble: crashing, bridge: bridgeStarting, bridgeRuns: false, bridgeTrouble: crashing },
      ["MCP server: PodsNotReady", "MCP server: CrashLooping", "bridge: PodNotReady", "bridge: CrashLooping"],
    ],
    [
      "pods that fail like those that were replaced",
      {
        resource: resource({ status: { podReplacements: { template: "abc", count: 3, lastPod: "z" } } }),
        probe: {
          server: { verified: false, reason: "SomePodsFail", message: "some fail", failingPods: ["b"] },
          bridge: bridgeAnswer({}),
        },
        serverPods: [{ uid: "b", revision: "abc" } as CachedPod],
      },
      ["MCP server: SomePodsFail", "MCP server: ReplacedPodsFailAgain"],
    ],
    [
      "a new version that cannot start beside the old one",
      { refused: ["no"] },
      ["rollout: RollingOut", "rollout: ChildRefused"],
    ],
    [
      "servers that somebody stopped",
      {
        resource: resource({ spec: specOf({ server: { replicas: 0 } }) }),
        server: workload({ replicas: 0, current: 0, updated: 0, ready: 0 }),
      },
      ["MCP server: ScaledToZero"],
    ],
  ])("of %s", (_what, fields, expected) => {
    expect(causes(fields)).toEqual(expected);
  });

  test("and no link says its part twice", () => {
    const { causes = [] } = statusOf(snapshot({ server: starting, serverTrouble: crashing }), now);
    expect(causes.at(-1)).toMatchObject({ part: "MCP server", message: expect.stringMatching(/^the container/) });
  });

  test("and the last link says what to do", () => {
    const { causes = [] } = statusOf(snapshot({ bridge: undefined, bridgeRuns: false, tokenSecret: "Missing" }), now);
    expect(causes.at(-1)?.message).toContain("kubectl -n tools create secret generic telegram");
  });
});

test("a link says its part once, also where its condition names it", () => {
  const told = statusOf(snapshot({ server: starting, serverTrouble: crashing }), now);
  expect(told.conditions?.find(({ type }) => type === "Ready")?.message).toBe(`MCP server: ${crashing.message}`);
  expect(told.causes?.at(-1)).toMatchObject({ part: "MCP server", message: crashing.message });
});
