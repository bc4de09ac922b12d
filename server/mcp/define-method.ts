import * as z from "zod";
import { ServerError } from "../../contract/errors.ts";
import type { Params } from "./message.ts";
import type { Method, MethodContext } from "./method.ts";

type Definition<Schema extends z.ZodType> = Omit<Method, "answer"> & {
  readonly params: Schema;
  handle(params: z.output<Schema>, context: MethodContext): object | Promise<object>;
};

/** Makes a method of its definition: name, parameters and answer stand together in one file. */
export function defineMethod<Schema extends z.ZodType>({
  params: schema,
  handle,
  ...rest
}: Definition<Schema>): Method {
  return Object.freeze({
    ...rest,
    answer: (params: Params, context: MethodContext) => handle(parse(schema, params), context),
  });
}

/** Parameters of methods that take none. */
export const noParams = z.object({});

/** Parameters of methods that list something. */
export const pageParams = z.object({ cursor: z.string().optional() });

function parse<Schema extends z.ZodType>(schema: Schema, params: Params): z.output<Schema> {
  const parsed = schema.safeParse(params);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${z.core.toDotPath(path)}: ${message}`);
  throw new ServerError("INVALID_PARAMS", { problems: problems.join("; ").slice(0, 1000) }, parsed.error);
}
