/** What the suite found out about one requirement. */
export type Check = {
  readonly id: string;
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
  readonly errorMessage?: string;
};

export type ScenarioResult = { readonly scenario: string; readonly checks: readonly Check[] };

/** What a run of one requirement set says. */
export type Verdict = {
  readonly scenarios: number;
  readonly passed: number;
  readonly failed: number;
  /** Checks that do not concern this server. */
  readonly skipped: number;
  /** `scenario:check: what is wrong`, of what is not expected to fail. */
  readonly problems: readonly string[];
  /** Entries of the expected failures that something matched. */
  readonly used: readonly string[];
};

/**
 * Judges all scenarios alike, whether the suite scores them or not. A warning is a SHOULD that is not followed: it counts
 * as a failure. An entry is `scenario` or `scenario:check`, as in the suite's own file of expected failures.
 */
export function judge(results: readonly ScenarioResult[], expected: readonly string[]): Verdict {
  const checks = results.flatMap(({ scenario, checks }) => checks.map((check) => ({ scenario, check })));
  const failed = checks.filter(({ check: { status } }) => status === "FAILURE" || status === "WARNING");
  const names = ({ scenario, check }: (typeof checks)[number]) => [scenario, `${scenario}:${check.id}`];
  const silent = results.filter(({ checks: own }) =>
    own.every(({ status }) => status === "SKIPPED" || status === "INFO"),
  );
  const unexpected = failed.filter((failure) => !names(failure).some((name) => expected.includes(name)));
  return {
    scenarios: results.length,
    passed: checks.filter(({ check }) => check.status === "SUCCESS").length,
    failed: failed.length,
    skipped: checks.filter(({ check }) => check.status === "SKIPPED").length,
    problems: [
      ...unexpected.map(({ scenario, check }) => `${scenario}:${check.id}: ${check.errorMessage ?? check.status}`),
      ...silent
        .filter(({ scenario }) => !expected.includes(scenario))
        .map(({ scenario }) => `${scenario}: it has shown nothing`),
    ],
    used: expected.filter(
      (entry) =>
        failed.some((failure) => names(failure).includes(entry)) || silent.some(({ scenario }) => scenario === entry),
    ),
  };
}
