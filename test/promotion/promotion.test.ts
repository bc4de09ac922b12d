import { load } from "js-yaml";
import { describe, expect, test } from "vitest";
import { imagePatch, type PromotedResource, provenImage, wayRefused } from "../../promotion/promotion.ts";

const image = `registry.example.com/cctelegram/server:0.2.0@sha256:${"a".repeat(64)}`;
const hour = 3_600_000;
const nowMs = Date.parse("2026-03-01T12:00:00Z");

type Change = { status?: object; spec?: object; conditions?: Record<string, object> };

function resource({ status, spec, conditions = {} }: Change = {}): PromotedResource {
  const condition = (type: string, state: string, at: string) => ({
    type,
    status: state,
    reason: "Reason",
    observedGeneration: 4,
    lastTransitionTime: at,
    ...conditions[type],
  });
  return {
    metadata: { name: "team", namespace: "cctelegram-staging", generation: 4 },
    spec: { reconciliation: "Active", ...spec },
    status: {
      observedGeneration: 4,
      runningImage: image,
      conditions: [
        condition("Ready", "True", "2026-02-01T00:00:00Z"),
        condition("Progressing", "False", "2026-03-01T09:00:00Z"),
        condition("Degraded", "False", "2026-02-01T00:00:00Z"),
      ],
      ...status,
    },
  };
}

const proof = (change?: Change, provenForMs = hour) => provenImage(resource(change), { nowMs, provenForMs });

test("what all pods have run for the time is proven, by its digest", () => {
  expect(proof()).toEqual({ image, since: "2026-03-01T09:00:00.000Z" });
});

describe("nothing is proven", () => {
  const tag = "registry.example.com/cctelegram/server:0.2.0";
  test.each<[string, Change, RegExp]>([
    ["before the operator has seen the last change", { status: { observedGeneration: 3 } }, /not seen the last change/],
    [
      "while it is not ready",
      { conditions: { Ready: { status: "False" } } },
      /Ready is False \(Reason\) instead of True/,
    ],
    [
      "when it was ready for an older spec",
      { conditions: { Ready: { observedGeneration: 3 } } },
      /Ready is True .* for the present spec/,
    ],
    ["while pods are replaced", { conditions: { Progressing: { status: "True" } } }, /Progressing is True/],
    ["while something is wrong", { conditions: { Degraded: { status: "True" } } }, /Degraded is True/],
    ["while the operator leaves it alone", { spec: { reconciliation: "Paused" } }, /reconciliation is Paused/],
    ["by a tag", { status: { runningImage: tag } }, /names no digest/],
    ["while pods differ", { status: { runningImage: undefined } }, /names no digest/],
    ["during a rollout", { status: { rollout: { target: 3 } } }, /rollout is under way/],
    [
      "that has just been replaced",
      { conditions: { Progressing: { lastTransitionTime: "2026-03-01T11:30:00Z" } } },
      /try again in 30 min/,
    ],
    [
      "whose revision is young",
      { status: { rollout: { revisions: [{ outcome: "Active", since: "2026-03-01T11:50:00Z" }] } } },
      /try again in 50 min/,
    ],
  ])("%s", (_, change, obstacle) => {
    const found = proof(change);
    expect("obstacles" in found && found.obstacles.join("\n")).toMatch(obstacle);
  });

  test("of a resource without a status", () => {
    const found = provenImage({ metadata: { name: "team", generation: 1 }, spec: {} }, { nowMs, provenForMs: 0 });
    expect("obstacles" in found && found.obstacles.length).toBeGreaterThan(3);
  });
});

describe("a version goes", () => {
  test.each([
    ["development", "staging"],
    ["staging", "production"],
  ])("from %s to %s", (from, to) => {
    expect(wayRefused(from, to)).toBeUndefined();
  });

  test.each([
    ["development", "production", /goes to staging first/],
    ["production", "staging", /revert the commit/],
    ["staging", "staging", /nothing goes/],
    ["staging", "qa", /no environment qa/],
    ["laptop", "staging", /no environment laptop/],
  ])("not from %s to %s", (from, to, why) => {
    expect(wayRefused(from, to)).toMatch(why);
  });
});

test("the patch names the image and nothing else", () => {
  expect(load(imagePatch("team", image, { from: "staging", since: "2026-03-01T09:00:00.000Z" }))).toEqual({
    apiVersion: "cctelegram.io/v1alpha1",
    kind: "CCTelegramDeployment",
    metadata: { name: "team" },
    spec: { images: { server: image } },
  });
});
