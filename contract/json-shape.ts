export type ShapeLimits = {
  /** Objects and lists inside each other; a plain value has depth 0. */
  readonly depth: number;
  /** Members of objects and items of lists, all together. */
  readonly members: number;
};

/**
 * Why a parsed JSON value cannot be worked with; undefined when it can. It uses no recursion, so that no value exhausts
 * the stack, and stops at the first limit. `__proto__` is refused: as a name of a member it changes objects instead of
 * being stored in them.
 *
 * @example
 * ```ts
 * shapeProblem({ a: { b: [1, 2] } }, { depth: 3, members: 4 }); // => undefined
 * shapeProblem({ a: { b: [1, 2] } }, { depth: 2, members: 4 }); // => it is nested more than 2 levels deep
 * ```
 */
export function shapeProblem(value: unknown, limits: ShapeLimits): string | undefined {
  let level = containersIn([value]);
  let members = 0;
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > limits.depth) return `it is nested more than ${limits.depth} levels deep`;
    if (level.some((container) => Object.hasOwn(container, "__proto__"))) return "it has a member named __proto__";
    const values = level.flatMap((container) => Object.values(container));
    members += values.length;
    if (members > limits.members) return `it holds more than ${limits.members} members`;
    level = containersIn(values);
  }
  return undefined;
}

function containersIn(values: readonly unknown[]): object[] {
  return values.filter((value) => typeof value === "object" && value !== null);
}
