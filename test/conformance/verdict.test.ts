import { describe, expect, test } from "vitest";
import { type Check, judge } from "../../conformance/verdict.ts";

const check = (id: string, status: Check["status"], errorMessage?: string): Check => ({
  id,
  status,
  ...(errorMessage && { errorMessage }),
});

const results = [
  { scenario: "good", checks: [check("a", "SUCCESS"), check("b", "SKIPPED"), check("c", "INFO")] },
  { scenario: "bad", checks: [check("a", "SUCCESS"), check("b", "FAILURE", "it is wrong"), check("c", "WARNING")] },
  { scenario: "silent", checks: [check("a", "SKIPPED")] },
];

describe("a verdict", () => {
  test("counts checks, and says what is wrong: a SHOULD, too, and a scenario that shows nothing", () => {
    expect(judge(results, [])).toEqual({
      scenarios: 3,
      passed: 2,
      failed: 2,
      skipped: 2,
      problems: ["bad:b: it is wrong", "bad:c: WARNING", "silent: it has shown nothing"],
      used: [],
    });
  });

  test("leaves out what is expected, by scenario or by check, and tells which entries were needed", () => {
    const expected = ["bad:b", "silent", "good", "good:a", "bad:other", "absent"];
    expect(judge(results, expected)).toMatchObject({ problems: ["bad:c: WARNING"], used: ["bad:b", "silent"] });
    expect(judge(results, ["bad"])).toMatchObject({ problems: ["silent: it has shown nothing"], used: ["bad"] });
  });

  test("does not take a failure for silence, nor one scenario for another with a longer name", () => {
    const failing = [{ scenario: "bad-too", checks: [check("a", "FAILURE", "no")] }];
    expect(judge(failing, ["bad"])).toMatchObject({ problems: ["bad-too:a: no"], used: [] });
  });
});
