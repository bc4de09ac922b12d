import { routes } from "../../../contract/routes.ts";
import type { JsonObjectSchema, RestMethod, Tool } from "../../tools/tool.ts";
import { type ListedTool, listingOf } from "../../tools/tool-listing.ts";
import { failures, json, success } from "./answers.ts";

export function toolPaths(tools: readonly Tool[]) {
  const each = tools.map((tool) => [routes.tool.replace(":name", tool.name), operationsOf(tool)]);
  return { [routes.tools]: { get: listOperation }, ...Object.fromEntries(each) };
}

const listOperation = {
  operationId: "list_tools",
  tags: ["tools"],
  summary: "The tools that the key may call",
  responses: {
    ...success("Name, texts and schemas of each tool", {
      type: "object",
      required: ["tools"],
      properties: {
        tools: {
          type: "array",
          items: {
            type: "object",
            required: ["name", "title", "description", "inputSchema", "annotations"],
            properties: {
              name: { type: "string" },
              title: { type: "string" },
              description: { type: "string" },
              inputSchema: { type: "object" },
              outputSchema: { type: "object" },
              annotations: { type: "object" },
            },
          },
        },
      },
    }),
    ...failures(401, 403, 429),
  },
};

function operationsOf(tool: Tool) {
  const listing = listingOf(tool);
  return Object.fromEntries(tool.rest.map((method) => [method.toLowerCase(), operation(tool, listing, method)]));
}

function operation(tool: Tool, { inputSchema, outputSchema }: ListedTool, method: RestMethod) {
  const hasBody = method === "POST";
  return {
    operationId: hasBody ? tool.name : `${tool.name}_by_${method.toLowerCase()}`,
    tags: ["tools"],
    summary: tool.title,
    description: `${tool.description} The key needs the permission \`${tool.permission}\`.`,
    ...(hasBody ? bodyOf(inputSchema) : queryOf(inputSchema)),
    responses: {
      ...success("The tool's result", outputSchema ?? { type: "object" }),
      ...failures(400, 401, 403, 404, 409, 413, ...(hasBody ? [415] : []), 429, 500, 502, 503, 504),
    },
  };
}

function bodyOf(inputSchema: JsonObjectSchema) {
  const { required = [] } = inputSchema as { required?: readonly string[] };
  return { requestBody: { required: required.length > 0, content: json(inputSchema) } };
}

function queryOf(inputSchema: JsonObjectSchema) {
  const { properties = {}, required = [] } = inputSchema as {
    properties?: Readonly<Record<string, object>>;
    required?: readonly string[];
  };
  const parameters = Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
  return parameters.length === 0 ? {} : { parameters };
}
