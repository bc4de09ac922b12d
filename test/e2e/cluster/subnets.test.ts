import { describe, expect, test } from "vitest";
import { freeIndexes, subnets } from "../../../e2e/cluster/subnets.ts";

describe("ranges of a cluster", () => {
  test("clusters with different indexes share no range", () => {
    const ranges = Array.from({ length: 20 }, (_, index) => subnets(index)).flatMap((s) => [
      s.nodes,
      s.pods,
      s.services,
    ]);
    expect(new Set(ranges).size).toBe(60);
  });

  test("a node's pods are inside the cluster's pods", () => {
    expect(subnets(3).pods).toBe("10.203.0.0/16");
    expect(subnets(3).podsOf(2)).toBe("10.203.2.0/24");
  });
});

describe("choosing an index", () => {
  test("a machine without routes of its own gets the first one", () => {
    expect(freeIndexes(["default", "fe80::/64"])[0]).toBe(0);
  });

  test.each([
    ["the nodes' subnet of", "192.168.77.0/24"],
    ["a part of the pods' range of", "10.200.7.0/24"],
    ["a single host in the Services' range of", "10.220.0.9"],
  ])("a route to %s an index rules that index out", (_, route) => {
    const free = freeIndexes([route]);
    expect(free).not.toContain(0);
    expect(free).toHaveLength(19);
  });

  test("an index inside a wider network is taken only when no other is left", () => {
    expect(freeIndexes(["192.168.76.0/22"])).toEqual([...Array.from({ length: 17 }, (_, i) => i + 3), 0, 1, 2]);
    expect(freeIndexes(["10.0.0.0/8"])).toHaveLength(20);
  });

  test("a network as wide as a range of the cluster is a collision", () => {
    expect(freeIndexes(["10.201.0.0/16"])).not.toContain(1);
  });
});
