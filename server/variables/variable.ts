import { z } from "zod";

export const roles = ["serve", "bridge", "standalone"] as const;

export type Role = (typeof roles)[number];

/** Another name of a variable, taken when the variable itself is not set. */
export type Alias = {
  readonly name: string;
  /** From the alias's unit to the variable's. */
  readonly convert?: (text: string) => string;
};

export type Variable<Schema extends z.ZodType = z.ZodType> = {
  readonly roles: readonly Role[];
  /** From the text to the value; its messages say what is expected. */
  readonly schema: Schema;
  readonly description: string;
  readonly example: string;
  /** Text that stands in when nothing is set; a variable without one may be absent, unless it is required. */
  readonly default?: string | Readonly<Partial<Record<Role, string>>>;
  /** The roles that cannot run without it. */
  readonly required?: readonly Role[];
  /**
   * True: NAME_FILE may hold the path of a file whose trimmed content is the value. "optional": the file may be absent or
   * empty, as the key of a Secret that is there only at times.
   */
  readonly file?: boolean | "optional";
  readonly aliases?: readonly Alias[];
};

/** Freezes a row and keeps the type of its schema. */
export const define = <Schema extends z.ZodType>(variable: Variable<Schema>): Variable<Schema> =>
  Object.freeze(variable);

export const serving = ["serve", "standalone"] as const;
export const bridging = ["bridge", "standalone"] as const;

export const integer = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d+$/, `a whole number from ${minimum} to ${maximum}`)
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, `a whole number from ${minimum} to ${maximum}`);

export const port = integer(0, 65535);
export const milliseconds = integer(1, 86_400_000);
export const delay = integer(0, 86_400_000);
export const text = z.string().min(1, "some text");
export const flag = z.enum(["true", "false"], "true or false").transform((value) => value === "true");
export const list = z.string().transform((value) =>
  value
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== ""),
);
export const url = z
  .string()
  .refine((value) => /^https?:$/.test(URL.parse(value)?.protocol ?? ""), "an http or https URL")
  // fetch refuses such a URL, and it would be shown in logs and on health pages.
  .refine((value) => !hasCredentials(value), "a URL without user name and password")
  .transform((value) => value.replace(/\/+$/, ""));

function hasCredentials(value: string): boolean {
  const parsed = URL.parse(value);
  return parsed !== null && (parsed.username !== "" || parsed.password !== "");
}
