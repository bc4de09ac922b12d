import * as z from "zod";
import type { Icon } from "../features/content.ts";
import type { JsonObjectSchema, Tool, ToolAnnotations } from "./tool.ts";

/** A tool as `tools/list` and `GET /tools` show it. */
export type ListedTool = {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonObjectSchema;
  readonly outputSchema?: JsonObjectSchema;
  readonly annotations: ToolAnnotations;
  readonly icons?: readonly Icon[];
};

const listed = new WeakMap<Tool, ListedTool>();

/** The listing of a tool. It is computed once: making JSON Schema of zod costs more than the rest of a request. */
export function listingOf(tool: Tool): ListedTool {
  const known = listed.get(tool) ?? describe(tool);
  listed.set(tool, known);
  return known;
}

function describe({ isStrict, listedInput, ...tool }: Tool): ListedTool {
  const { name, title, description, input, output, annotations, icons } = tool;
  return {
    name,
    title,
    description,
    inputSchema: isStrict ? closed(listedInput ?? schemaOf(input, true)) : (listedInput ?? schemaOf(input)),
    ...(output && { outputSchema: schemaOf(output) }),
    annotations,
    ...(icons && { icons }),
  };
}

const closed = (schema: JsonObjectSchema): JsonObjectSchema => ({ ...schema, additionalProperties: false });

/** A type or null in two words instead of two schemas. */
function joinNull(schema: z.core.JSONSchema.BaseSchema): void {
  const [value, nothing] = schema.anyOf ?? [];
  if (schema.anyOf?.length !== 2 || value?.type === undefined || nothing?.type !== "null") return;
  delete schema.anyOf;
  Object.assign(schema, value, { type: [value.type, "null"] });
}

/** Gemini and OpenAI refuse a whole list of tools for one keyword that they do not know. */
const unportable = ["$schema", "propertyNames", "additionalProperties", "readOnly"] as const;

function schemaOf(schema: z.ZodObject, isClosed = false): JsonObjectSchema {
  const json = z.toJSONSchema(schema, {
    io: "input",
    override: ({ zodSchema, jsonSchema }) => {
      for (const keyword of unportable) delete jsonSchema[keyword];
      joinNull(jsonSchema);
      if (isClosed && zodSchema instanceof z.ZodObject) jsonSchema.additionalProperties = false;
    },
  });
  const { $schema: _dialect, ...portable } = json;
  return { ...portable, type: "object" };
}
