import * as z from "zod";
import { ServerError } from "../../contract/errors.ts";
import type { ToolRegistry } from "./registry.ts";

/** Problems that are told at most. */
const mostTold = 20;

/** The same tools, which refuse fields that they do not know instead of dropping them. Throws VALIDATION_ERROR in their calls. */
export function strictTools(tools: ToolRegistry): ToolRegistry {
  return new Map(
    [...tools].map(([name, tool]) => {
      const call: typeof tool.call = async (args, context) => {
        refuseUnknownFields(tool.input, args);
        return tool.call(args, context);
      };
      return [name, Object.freeze({ ...tool, isStrict: true, call })];
    }),
  );
}

type Unknown = { readonly path: readonly PropertyKey[]; readonly known: readonly string[] };

function refuseUnknownFields(schema: z.ZodObject, args: unknown): void {
  const fields = [...unknownFields(schema, args, [])].slice(0, mostTold).map(toldAs);
  const [first] = fields;
  if (first === undefined) return;
  const problems = fields.map(({ field, problem }) => `${field}: ${problem}`).join("; ");
  const details = {
    field: first.field,
    reason: first.problem,
    specific_code: "INVALID_PARAMETER",
    parameter: first.field,
  };
  throw new ServerError("VALIDATION_ERROR", { problems, fields, ...details });
}

/** Fields that objects of a schema do not have, at any depth; what is free in form has every field. */
function* unknownFields(schema: unknown, value: unknown, path: readonly PropertyKey[]): Generator<Unknown> {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    yield* unknownFields(schema.unwrap(), value, path);
  } else if (schema instanceof z.ZodArray && Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* unknownFields(schema.element, item, [...path, index]);
  } else if (schema instanceof z.ZodObject && typeof value === "object" && value !== null && !Array.isArray(value)) {
    const known = Object.keys(schema.shape);
    for (const [name, inner] of Object.entries(value)) {
      if (known.includes(name)) yield* unknownFields(schema.shape[name], inner, [...path, name]);
      else yield { path: [...path, name], known };
    }
  }
}

function toldAs({ path, known }: Unknown): { field: string; problem: string } {
  const name = String(path.at(-1));
  const near = nearest(name, known);
  const all = known.length === 0 ? "there are none here" : `there are ${known.join(", ")}`;
  const advice = near === undefined ? all : `did you mean ${near}?`;
  return { field: z.core.toDotPath([...path.slice(0, -1), shown(name)]), problem: `no such field; ${advice}` };
}

/** A caller chooses the name, and it stands in answers. */
const shown = (name: string) => name.slice(0, 64).replace(/[^\x20-\x7e]/g, "?");

/** The known name that was most likely meant: the same in another spelling, or one that differs in few letters. */
function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > 64) return undefined;
  const plain = spelled(name);
  const ranked = known
    .map((candidate) => ({ candidate, distance: distance(plain, spelled(candidate)) }))
    .filter((one) => one.distance <= Math.max(1, Math.floor(one.candidate.length / 4)))
    .toSorted((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

const spelled = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/** Letters to change, add or leave out (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (row[column - 1] ?? 0) + (letter === to[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
