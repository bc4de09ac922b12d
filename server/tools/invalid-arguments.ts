import * as z from "zod";
import { ServerError } from "../../contract/errors.ts";

type Issue = z.core.$ZodIssue;

/** The error for arguments that a schema refuses: every problem, and the first one in the details that upstream documents. */
export function invalidArguments(error: z.ZodError, schema: z.ZodObject, args: unknown): ServerError {
  const fields = error.issues.map((issue) => ({ field: z.core.toDotPath(issue.path), problem: issue.message }));
  const problems = fields.map(({ field, problem }) => (field ? `${field}: ${problem}` : problem)).join("; ");
  const [first] = error.issues;
  const details = { problems, fields, ...(first && detailsOf(first, schema, args)) };
  return new ServerError("VALIDATION_ERROR", details, error);
}

function detailsOf(issue: Issue, schema: z.ZodObject, args: unknown) {
  const value = valueAt(args, issue.path);
  return { field: z.core.toDotPath(issue.path), reason: issue.message, ...kindOf(issue, schema, value) };
}

/** `specific_code` is the code that upstream documents for this kind of problem, with its details beside it. */
function kindOf(issue: Issue, schema: z.ZodObject, value: unknown): object {
  if (value === undefined && issue.path.length > 0) {
    const required = Object.keys(schema.shape).filter((name) => !schema.shape[name]?.safeParse(undefined).success);
    return { specific_code: "MISSING_REQUIRED_FIELD", required_fields: required };
  }
  if (issue.path.join(".") === "type" && issue.code === "invalid_value") {
    const provided = typeof value === "string" ? { provided_type: value.slice(0, 100) } : {};
    return { specific_code: "INVALID_EVENT_TYPE", ...provided, available_types: issue.values };
  }
  if (issue.code === "too_big" && (typeof value === "string" || Array.isArray(value))) {
    return { current_length: value.length, max_length: Number(issue.maximum) };
  }
  return issue.path.length === 0 ? {} : { specific_code: "INVALID_PARAMETER", ...parameterOf(issue, schema, value) };
}

/** What a person wrote is not repeated; a number or a word is. */
function parameterOf({ path }: Issue, schema: z.ZodObject, value: unknown): object {
  const range = rangeOf(schema.shape[String(path[0])]);
  const isShort = typeof value === "number" || typeof value === "boolean";
  return {
    parameter: z.core.toDotPath(path),
    ...(isShort && { provided_value: value }),
    ...(range !== undefined && { valid_range: range }),
  };
}

/** The least and the greatest value of a number that has both. */
function rangeOf(field: z.core.$ZodType | undefined): string | undefined {
  if (field instanceof z.ZodDefault || field instanceof z.ZodOptional) return rangeOf(field.unwrap());
  if (!(field instanceof z.ZodNumber) || field.minValue === null || field.maxValue === null) return undefined;
  const isBounded = Number.isFinite(field.minValue) && Number.isFinite(field.maxValue);
  return isBounded ? `${field.minValue}-${field.maxValue}` : undefined;
}

function valueAt(args: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    args,
  );
}
