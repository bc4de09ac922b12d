export type Problem = {
  readonly variable: string;
  readonly problem: string;
  readonly expected: string;
  readonly example: string;
};

/**
 * Every problem of a configuration in one message. It never shows a value.
 *
 * @example
 * ```ts
 * const problem = { variable: "PORT", problem: "is missing", expected: "Port of the server.", example: "8080" };
 * new ConfigError([problem]).message.split("\n").at(-1); // =>     example:  PORT=8080
 * ```
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.map(
      ({ variable, problem, expected, example }) =>
        `  ${variable}: ${problem}\n    expected: ${expected}\n    example:  ${variable}=${example}`,
    );
    super(`The configuration cannot be used. Problems: ${problems.length}\n${lines.join("\n")}`);
    this.problems = problems;
  }
}
