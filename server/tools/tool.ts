import type * as z from "zod";
import type { CallTrace } from "../../contract/event.ts";
import type { BanOffice } from "../access/bans.ts";
import type { Client } from "../access/client.ts";
import type { BridgeClient } from "../bridge-client/bridge-client.ts";
import type { Content, Icon } from "../features/content.ts";
import type { Interaction } from "../features/interaction.ts";
import type { OwnFiles } from "../projects/own-files.ts";
import type { ProjectFiles } from "../projects/project-files.ts";
import { asMeant } from "./arguments.ts";
import { invalidArguments } from "./invalid-arguments.ts";

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
  readonly client: Pick<Client, "name" | "permissions">;
  readonly interaction: Interaction;
  /** What an event tells of the call that sends it; undefined: nothing. */
  readonly trace?: CallTrace | undefined;
  /** The projects whose files it may read; undefined: none. */
  readonly projects?: ProjectFiles | undefined;
  /** Reads files that are sent by their paths; undefined: the client is on another machine. */
  readonly ownFiles?: OwnFiles | undefined;
  /** Undefined: nobody is banned, because whoever has started the process is its only client. */
  readonly banOffice?: BanOffice | undefined;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  /** A new unique id. */
  readonly newId: () => string;
};

/** What a tool says: a value of its output's schema, or content that has none. */
export type ToolResult =
  | { readonly structured: Readonly<Record<string, unknown>> }
  | { readonly content: readonly Content[]; readonly isError?: boolean };

type Listed<Input extends z.ZodObject> = {
  /** 1 to 128 of `A-Za-z0-9_-.`. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** What a key needs to call it. */
  readonly permission: string;
  /** Methods of `/tools/<name>`: POST, GET for one that only reads, DELETE for one that deletes. */
  readonly rest: readonly RestMethod[];
  /** What a call counts for the rate limit. */
  readonly cost: number;
  /** Calls of it that a client may make while it may make 100 of any kind. Default: {@link usualLimit}. */
  readonly limit?: number;
  readonly input: Input;
  /** The input's JSON Schema as it is listed, where more is to be said than zod can. */
  readonly listedInput?: JsonObjectSchema;
  readonly annotations: ToolAnnotations;
  readonly icons?: readonly Icon[];
};

/** Calls of one tool, where it says nothing else. */
export const usualLimit = 50;

/** A JSON Schema of objects. */
export type JsonObjectSchema = { readonly type: "object"; readonly [keyword: string]: unknown };

export type RestMethod = "GET" | "POST" | "DELETE";

type Definition<Input extends z.ZodObject, Output extends z.ZodObject> = Listed<Input> & {
  readonly output: Output;
  handler(args: z.output<Input>, context: ToolContext): Promise<z.input<Output>>;
};

type ContentDefinition<Input extends z.ZodObject> = Listed<Input> & {
  handler(args: z.output<Input>, context: ToolContext): Promise<{ content: readonly Content[]; isError?: boolean }>;
};

/** A tool as the registry holds it: the types of its own arguments are inside. */
export type Tool = Listed<z.ZodObject> & {
  readonly output?: z.ZodObject;
  /** It refuses fields that its input does not have; else it drops them. */
  readonly isStrict?: boolean;
  /** Checks the arguments (absent ones count as an empty object) and runs the tool. Throws errors of the catalogue. */
  call(args: unknown, context: ToolContext): Promise<ToolResult>;
};

/** Makes a tool of its definition: schemas, texts and handler stand together in one file. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>({
  handler,
  ...listed
}: Definition<Input, Output>): Tool {
  return Object.freeze({
    ...listed,
    call: async (args: unknown, context: ToolContext) => ({
      structured: await handler(parse(listed.input, args ?? {}), context),
    }),
  });
}

/** Makes a tool whose result has no schema. */
export function defineContentTool<Input extends z.ZodObject>({ handler, ...listed }: ContentDefinition<Input>): Tool {
  return Object.freeze({
    ...listed,
    call: async (args: unknown, context: ToolContext) => handler(parse(listed.input, args ?? {}), context),
  });
}

function parse<Input extends z.ZodObject>(schema: Input, args: unknown): z.output<Input> {
  const parsed = schema.safeParse(asMeant(schema, args));
  if (parsed.success) return parsed.data;
  throw invalidArguments(parsed.error, schema, args);
}
