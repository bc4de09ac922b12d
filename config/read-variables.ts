import type * as z from "zod";
import type { Problem } from "./config-error.ts";
import type { Alias, Table, Variable } from "./variable.ts";

/** What reading needs of the outside. */
export type Surroundings = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads a text file; throws when it cannot. */
  readonly readFile: (path: string) => string;
};

/** A value, and the path of the file that it may change in. */
type Followed<Value> = { readonly value: Value; readonly path?: string };

/** A value, the path of the file that holds it, or both. */
type ValueOrPath<Value> = { readonly value?: Value; readonly path?: string };

type ValueOf<Row extends Variable> = Row["file"] extends "followed"
  ? Followed<z.output<Row["schema"]>>
  : Row["file"] extends "path" | "followed if any"
    ? ValueOrPath<z.output<Row["schema"]>>
    : z.output<Row["schema"]>;

/** A row that has a value in every role. */
type Certain = { readonly default: string } | { readonly required: true };

type CertainName<Rows extends Table> = {
  [Name in keyof Rows]: Rows[Name] extends Certain & { readonly roles?: undefined } ? Name : never;
}[keyof Rows];

/** The values of a table's variables; one that is not set, or not of the role, is absent. */
export type Values<Rows extends Table> = {
  readonly [Name in CertainName<Rows>]: ValueOf<Rows[Name]>;
} & {
  readonly [Name in Exclude<keyof Rows, CertainName<Rows>>]?: ValueOf<Rows[Name]> | undefined;
};

/**
 * The values of a role, and everything that is wrong with them: only without problems the values are complete.
 *
 * @example
 * ```ts
 * const table = { PORT: { schema: port, default: "8080", description: "Port of the server.", example: "8080" } };
 * const read = (env: Record<string, string>) => readVariables(table, "serve", { env, readFile: readSmallFile });
 * read({}).values.PORT; // => 8080
 * read({ PORT: "many" }).problems[0]?.expected; // => a whole number from 0 to 65535
 * ```
 */
export function readVariables<Rows extends Table>(
  table: Rows,
  role: string,
  surroundings: Surroundings,
): { readonly values: Values<Rows>; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries(table)) {
    if (variable.roles !== undefined && !variable.roles.includes(role)) continue;
    const result = read(name, variable, role, surroundings);
    if ("problem" in result) problems.push({ variable: name, example: variable.example, ...result });
    else if (result.value !== undefined) values[name] = result.value;
  }
  return { values: values as Values<Rows>, problems };
}

type Result = { readonly value: unknown } | { readonly problem: string; readonly expected: string };

function read(name: string, variable: Variable, role: string, surroundings: Surroundings): Result {
  const { env } = surroundings;
  try {
    const file = fileOf(name, variable, env);
    const path = file?.path;
    if (path !== undefined && variable.file === "path") return { value: { path } };
    const given = file === undefined ? textOf(name, variable, env) : contentOf(file, variable, surroundings);
    const text = given ?? defaultOf(variable, role);
    if (text === undefined) return nothing(name, variable, role, path);
    const parsed = variable.schema.safeParse(text);
    if (parsed.success) return { value: handedOn(variable, parsed.data, path) };
    const alias = env[name] || path !== undefined ? undefined : aliasIn(variable, env);
    const problem = alias === undefined ? "is not usable" : `is not usable as ${alias.name} gives it`;
    return { problem, expected: expected(parsed.error) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error), expected: expectation(name, variable) };
  }
}

/** A file that has nothing now may have something later. */
function nothing(name: string, variable: Variable, role: string, path: string | undefined): Result {
  if (path !== undefined && variable.file === "followed if any") return { value: { path } };
  return isRequired(variable, role) ? missing(name, variable) : { value: undefined };
}

/** A file that holds a value, and the variable that names it. */
type Named = { readonly by: string; readonly path: string; readonly convert: Alias["convert"] };

/** The file that NAME_FILE, or that of an alias, names. Throws when the value is given otherwise, too: which one counts would be a guess. */
function fileOf(name: string, variable: Variable, env: Surroundings["env"]): Named | undefined {
  if (variable.file === undefined) return undefined;
  const [file, second] = [{ name, convert: undefined }, ...(variable.aliases ?? [])].flatMap(
    ({ name, convert }): Named[] => {
      const [by, path] = [`${name}_FILE`, env[`${name}_FILE`]?.trim()];
      return path ? [{ by, path, convert }] : [];
    },
  );
  if (file === undefined) return undefined;
  if (/\p{Cc}/u.test(file.path)) throw new Error(`has a ${file.by} with control characters`);
  if (second !== undefined) throw new Error(`is set as ${second.by} together with ${file.by}; set only one`);
  if (env[name]) throw new Error(`is set together with ${file.by}; set only one`);
  const alias = aliasIn(variable, env);
  if (alias !== undefined) throw new Error(`is set as ${alias.name} together with ${file.by}; set only one`);
  return file;
}

function textOf(name: string, variable: Variable, env: Surroundings["env"]): string | undefined {
  // An empty variable is one that a template left unset.
  if (env[name]) return env[name].trim();
  const alias = aliasIn(variable, env);
  const given = alias && env[alias.name]?.trim();
  return given && alias.convert ? alias.convert(given) : given;
}

function aliasIn({ aliases }: Variable, env: Surroundings["env"]): Alias | undefined {
  return aliases?.find(({ name }) => env[name]);
}

function contentOf({ by, path, convert }: Named, { file }: Variable, { readFile }: Surroundings): string | undefined {
  const content = textIn(path, by, file, readFile).trim();
  return content && convert ? convert(content) : content || undefined;
}

function textIn(path: string, by: string, form: Variable["file"], readFile: Surroundings["readFile"]): string {
  try {
    return readFile(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
    if (form === "followed if any" && code === "ENOENT") return "";
    throw new Error(`cannot be read from the file that ${by} names${code === undefined ? "" : ` (${code})`}`);
  }
}

function handedOn({ file }: Variable, value: unknown, path: string | undefined): unknown {
  if (file === undefined || file === "content") return value;
  return path === undefined ? { value } : { value, path };
}

function defaultOf({ default: fallback }: Variable, role: string): string | undefined {
  return typeof fallback === "object" ? fallback[role] : fallback;
}

const isRequired = ({ required }: Variable, role: string) => required === true || required?.includes(role);

const missing = (name: string, variable: Variable): Result => ({
  problem: "is missing",
  expected: expectation(name, variable),
});

function expectation(name: string, { description, file }: Variable): string {
  return file ? `${description} Set ${name} or ${name}_FILE.` : description;
}

function expected(error: z.ZodError): string {
  return [...new Set(error.issues.map(({ message }) => message))].join("; ");
}
