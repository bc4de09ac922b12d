import * as z from "zod";

/**
 * Arguments as models mean them: null for an optional field is the same as leaving it out, and an object may come as JSON
 * text. Everything else is left for the schema to judge.
 */
export function asMeant(schema: z.ZodObject, args: unknown): unknown {
  if (typeof args !== "object" || args === null || Array.isArray(args)) return args;
  const given = Object.entries(args).filter(([name, value]) => !(value === null && isOptional(schema.shape[name])));
  return Object.fromEntries(given.map(([name, value]) => [name, isRecord(schema.shape[name]) ? parsed(value) : value]));
}

const isOptional = (field: z.core.$ZodType | undefined): boolean =>
  field instanceof z.ZodType && field.safeParse(undefined).success;

function isRecord(field: z.core.$ZodType | undefined): boolean {
  const inner = field instanceof z.ZodDefault || field instanceof z.ZodOptional ? field.unwrap() : field;
  return inner instanceof z.ZodRecord;
}

/** The object in a JSON text; what is none is returned as it is. */
function parsed(value: unknown): unknown {
  if (typeof value !== "string" || !value.trimStart().startsWith("{")) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
