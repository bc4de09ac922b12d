import { describe, expect, test } from "vitest";
import type { CachedPod } from "../../../../operator/deployment/pods/pods.ts";
import { type Facts, mostReplacements, nextReplacement } from "../../../../operator/deployment/replacement/policy.ts";
import { workload } from "../support/snapshot.ts";
import { podOf } from "./support.ts";

const pod = (uid: string, fields: Partial<CachedPod> = {}) => podOf(uid, "abc", fields);

const facts = (fields: Partial<Facts> = {}): Facts => ({
  failing: ["b"],
  pods: [pod("a"), pod("b"), pod("c")],
  server: workload(),
  before: undefined,
  ...fields,
});

test("the pod that fails where others do not is replaced, and counted", () => {
  expect(nextReplacement(facts())).toEqual({ template: "abc", count: 1, lastPod: "b" });
});

test("of two failing ones one is replaced at a time, in an order that does not depend on that of the pods", () => {
  expect(nextReplacement(facts({ failing: ["b", "c"] }))?.lastPod).toBe("b");
  expect(nextReplacement(facts({ failing: ["c", "b"], pods: [pod("c"), pod("b"), pod("a")] }))?.lastPod).toBe("b");
});

test("asked again before the pod is gone, also after a restart of the operator, nothing is counted again", () => {
  const before = { template: "abc", count: mostReplacements, lastPod: "b" };
  expect(nextReplacement(facts({ before }))).toEqual(before);
});

test("one that was counted and could not be evicted yet comes before another that fails since then", () => {
  const before = { template: "abc", count: mostReplacements, lastPod: "b" };
  expect(nextReplacement(facts({ failing: ["a", "b"], before }))).toEqual(before);
});

describe("no pod is replaced", () => {
  test.each<[string, Partial<Facts>]>([
    ["while none fails", { failing: [] }],
    ["while another one is being replaced", { server: workload({ ready: 2 }) }],
    ["while a new version rolls out", { server: workload({ updated: 1, current: 4 }) }],
    ["when all fail: it is not the pods", { failing: ["a", "b", "c"] }],
    [
      "when it is the only one",
      { failing: ["a"], pods: [pod("a")], server: workload({ replicas: 1, current: 1, updated: 1, ready: 1 }) },
    ],
    ["when no other one is ready", { pods: [pod("a", { ready: false }), pod("b")] }],
    ["when it is gone already", { failing: ["z"] }],
    [
      "when the limit of its template is reached",
      { before: { template: "abc", count: mostReplacements, lastPod: "y" } },
    ],
    ["without a Deployment", { server: undefined }],
  ])("%s", (_when, fields) => {
    expect(nextReplacement(facts(fields))).toBeUndefined();
  });
});

test("another template begins anew", () => {
  const before = { template: "former", count: mostReplacements, lastPod: "y" };
  expect(nextReplacement(facts({ before }))).toEqual({ template: "abc", count: 1, lastPod: "b" });
});
