import { beforeAll, describe, expect, test } from "vitest";
import { controlPlanePrograms } from "../e2e/cluster/program-table.ts";
import { programs } from "../e2e/cluster/programs.ts";
import { bundle } from "../images/bundle.ts";
import { scenarios } from "./scenarios.ts";

/** A new machine compiles the control plane that the operator works on. */
const compilationMs = 3_600_000;

describe("the programs of the images under attack", () => {
  beforeAll(async () => {
    await bundle(["server", "operator"]);
    await programs([...controlPlanePrograms, "helm"]);
  }, compilationMs);

  test.each(scenarios.map(({ name, run }) => [name, run] as const))("hold: %s", async (_, run) => {
    const { failures, measured } = await run();
    expect(failures, measured).toEqual([]);
  });
});
