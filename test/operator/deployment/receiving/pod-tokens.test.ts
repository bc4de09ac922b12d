import { expect, test } from "vitest";
import { PodTokens } from "../../../../operator/deployment/receiving/pod-tokens.ts";

test("a pod may read with its former token until the kubelet has surely updated its volume", () => {
  const tokens = new PodTokens();
  expect(tokens.of("pod", "A", 0)).toEqual(["A"]);
  expect(tokens.of("pod", "B", 1_000)).toEqual(["A", "B"]);
  expect(tokens.of("pod", "B", 120_999)).toEqual(["A", "B"]);
  expect(tokens.of("pod", "B", 121_000)).toEqual(["B"]);
});

test("a pod whose Secret is gone goes on with the token that it has", () => {
  const tokens = new PodTokens();
  tokens.of("pod", "A", 0);
  expect(tokens.of("pod", undefined, 1_000_000)).toEqual(["A"]);
  expect(tokens.of("unknown", undefined, 0)).toEqual([]);
});

test("a pod that is gone is forgotten", () => {
  const tokens = new PodTokens();
  tokens.of("pod", "A", 0);
  tokens.keep(new Set(["pod"]));
  expect(tokens.of("pod", undefined, 0)).toEqual(["A"]);
  tokens.keep(new Set());
  expect(tokens.of("pod", undefined, 0)).toEqual([]);
});
