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

/** Arguments as the query of a URL has them: numbers, yes and no are written as text there, and a list of one as its item. */
export function asQueried(schema: z.ZodObject, query: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(query).map(([name, value]) => [name, unwritten(schema.shape[name], value)]));
}

function unwritten(field: z.core.$ZodType | undefined, value: unknown): unknown {
  const inner = innermost(field);
  if (inner instanceof z.ZodArray) return Array.isArray(value) ? value : [value];
  if (typeof value !== "string") return value;
  if (inner instanceof z.ZodNumber && value.trim() !== "" && Number.isFinite(Number(value))) return Number(value);
  if (inner instanceof z.ZodBoolean && (value === "true" || value === "false")) return value === "true";
  return value;
}

function innermost(field: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  return field instanceof z.ZodDefault || field instanceof z.ZodOptional ? innermost(field.unwrap()) : field;
}

const isOptional = (field: z.core.$ZodType | undefined): boolean =>
  field instanceof z.ZodType && field.safeParse(undefined).success;

function isRecord(field: z.core.$ZodType | undefined): boolean {
  return innermost(field) instanceof z.ZodRecord;
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
