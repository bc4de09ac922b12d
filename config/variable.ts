import type * as z from "zod";

/** Another name of a variable, taken when the variable itself is not set. */
export type Alias = {
  readonly name: string;
  /** From the alias's unit to the variable's. */
  readonly convert?: (text: string) => string;
};

/**
 * What NAME_FILE, the path of a file, does, and the same of each alias:
 * - `content`: the trimmed content is the value.
 * - `followed`: the same, and the path is handed on, because the program reads the file again when it changes.
 * - `followed if any`: the same; the file may be absent or empty, as a key of a Secret that is there only at times.
 * - `path`: only the path is handed on, because the program judges the file itself.
 */
type FileForm = "content" | "followed" | "followed if any" | "path";

/** A variable of the environment: what reading it, `--help` and the reference page derive from. */
export type Variable<Role extends string = string> = {
  /** The roles of the program that read it. Default: every role. */
  readonly roles?: readonly Role[];
  /** From the text to the value; its messages say what is expected. */
  readonly schema: z.ZodType;
  readonly description: string;
  readonly example: string;
  /** Text that stands in when nothing is set; a variable without one may be absent, unless it is required. */
  readonly default?: string | Readonly<Partial<Record<Role, string>>>;
  /** True, or the roles that cannot run without it. */
  readonly required?: true | readonly Role[];
  /** There is a NAME_FILE as well. */
  readonly file?: FileForm;
  readonly aliases?: readonly Alias[];
};

/** Variables by name. */
export type Table<Role extends string = string> = Readonly<Record<string, Variable<Role>>>;

/**
 * Every name under which a variable may be given.
 *
 * @example
 * ```ts
 * const row = { schema: text, aliases: [{ name: "TOKEN" }], description: "Token of the bot.", example: "1:a" };
 * namesOf("BOT_TOKEN", { ...row, file: "content" }); // => BOT_TOKEN,BOT_TOKEN_FILE,TOKEN,TOKEN_FILE
 * ```
 */
export function namesOf(name: string, { file, aliases = [] }: Variable): string[] {
  return [name, ...aliases.map((alias) => alias.name)].flatMap((each) => (file ? [each, `${each}_FILE`] : [each]));
}
