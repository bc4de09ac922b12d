import * as z from "zod";
import { ServerError } from "../../contract/errors.ts";
import type { BridgeClient } from "../bridge-client/bridge-client.ts";
import { asMeant } from "./arguments.ts";

/** Hints for clients (MCP tools, ToolAnnotations): whether to ask the person before a call, whether to repeat one. */
export type ToolAnnotations = {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
};

/** What a handler may use beside its arguments. */
export type ToolContext = {
  readonly bridge: BridgeClient;
  readonly client: { readonly name: string };
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  /** A new unique id. */
  readonly newId: () => string;
};

export type ToolResult = Readonly<Record<string, unknown>>;

type Definition<Input extends z.ZodObject, Output extends z.ZodObject> = {
  /** Its name, and the permission that a key needs to call it. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: Input;
  readonly output: Output;
  readonly annotations: ToolAnnotations;
  handler(args: z.output<Input>, context: ToolContext): Promise<z.input<Output>>;
};

/** A tool as the registry holds it: the types of its own arguments are inside. */
export type Tool = Omit<Definition<z.ZodObject, z.ZodObject>, "handler"> & {
  /** Checks the arguments (absent ones count as an empty object) and runs the tool. Throws errors of the catalogue. */
  call(args: unknown, context: ToolContext): Promise<ToolResult>;
};

/** Makes a tool of its definition: schemas, texts and handler stand together in one file. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: Definition<Input, Output>,
): Tool {
  const { handler, ...rest } = definition;
  return Object.freeze({
    ...rest,
    call: async (args: unknown, context: ToolContext) => handler(parse(definition.input, args ?? {}), context),
  });
}

function parse<Input extends z.ZodObject>(schema: Input, args: unknown): z.output<Input> {
  const parsed = schema.safeParse(asMeant(schema, args));
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => ({ field: z.core.toDotPath(issue.path), problem: issue.message }));
  const problems = fields.map(({ field, problem }) => (field ? `${field}: ${problem}` : problem)).join("; ");
  throw new ServerError("VALIDATION_ERROR", { problems, fields }, parsed.error);
}
