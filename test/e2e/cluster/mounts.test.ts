import { expect, test } from "vitest";
import { mountPoints } from "../../../e2e/cluster/teardown.ts";

test("only mounts below the folder are a cluster's own, also when their path has spaces", () => {
  const line = (point: string) => `36 35 98:0 / ${point} rw,noatime master:1 - tmpfs tmpfs rw`;
  const mountinfo = ["/", "/run/c/a", "/run/c/a/x", "/run/c/ab/y", "/run/c/a/my\\040disk"].map(line).join("\n");
  expect(mountPoints(`${mountinfo}\n`, "/run/c/a")).toEqual(["/run/c/a/x", "/run/c/a/my disk"]);
});
