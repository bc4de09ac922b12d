import { beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../build.ts";
import { scenarios } from "./scenarios.ts";

describe("the programs of the images under attack", () => {
  beforeAll(() => bundle(["server", "operator"]));

  test.each(scenarios.map(({ name, run }) => [name, run] as const))("hold: %s", async (_, run) => {
    const { failures, measured } = await run();
    expect(failures, measured).toEqual([]);
  });
});
