import { dump } from "js-yaml";
import type { ErrorEntry } from "../../contract/error-catalogue.ts";
import { routes } from "../../contract/routes.ts";
import type { RestMethod, Tool } from "../../server/tools/tool.ts";
import { type ListedTool, listingOf } from "../../server/tools/tool-listing.ts";
import type { Schema } from "./schema-fields.ts";

export type OpenApiSource = {
  readonly version: string;
  readonly tools: readonly Tool[];
  readonly errors: Readonly<Record<string, ErrorEntry>>;
};

/** What the server answers over REST, as OpenAPI 3.1. */
export function openApiDocument({ version, tools, errors }: OpenApiSource): string {
  const document = {
    openapi: "3.1.1",
    info: {
      title: "CCTelegram",
      version,
      description: "Sends messages to people on Telegram. The same tools are there over MCP, on /mcp.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "http://localhost:8080", description: "A server that stands alone" }],
    security: [{ apiKey: [] }, { bearer: [] }],
    tags: [{ name: "tools" }, { name: "health", description: "For probes and people; no key is needed" }],
    paths: {
      [routes.tools]: { get: toolsOperation },
      ...Object.fromEntries(tools.map((tool) => [routes.tool.replace(":name", tool.name), toolOperations(tool)])),
      ...healthPaths,
    },
    components: {
      securitySchemes: {
        apiKey: { type: "apiKey", in: "header", name: "X-API-Key" },
        bearer: { type: "http", scheme: "bearer" },
      },
      schemas: { Error: errorSchema(Object.keys(errors)) },
      responses: { Error: errorResponse },
    },
  };
  return `# Generated from server/tools and contract/error-catalogue.ts by \`npm run generate\`. Do not edit.\n${dump(document, { lineWidth: 140, quoteStyle: "double", noRefs: true })}`;
}

const json = (schema: object) => ({ "application/json": { schema } });

const failures = { default: { $ref: "#/components/responses/Error" } };

const errorResponse = {
  description: "An error of docs/reference/errors.md, with its HTTP status",
  headers: { "Retry-After": { description: "Seconds, when a time is known", schema: { type: "integer" } } },
  content: json({ $ref: "#/components/schemas/Error" }),
};

function errorSchema(codes: readonly string[]) {
  return {
    type: "object",
    required: ["error", "code", "message", "details", "timestamp", "request_id"],
    properties: {
      error: { const: true },
      code: { type: "string", enum: codes },
      message: { type: "string" },
      details: { type: "object" },
      timestamp: { type: "string", format: "date-time" },
      request_id: { type: "string" },
    },
  };
}

const toolsOperation = {
  operationId: "list_tools",
  tags: ["tools"],
  summary: "The tools that the key may call",
  responses: {
    200: {
      description: "Name, texts and schemas of each tool",
      content: json({
        type: "object",
        required: ["tools"],
        properties: { tools: { type: "array", items: { type: "object" } } },
      }),
    },
    ...failures,
  },
};

function toolOperations(tool: Tool) {
  const listing = listingOf(tool);
  return Object.fromEntries(tool.rest.map((method) => [method.toLowerCase(), toolOperation(tool, listing, method)]));
}

function toolOperation(tool: Tool, { inputSchema, outputSchema }: ListedTool, method: RestMethod) {
  return {
    operationId: method === "POST" ? tool.name : `${tool.name}_by_${method.toLowerCase()}`,
    tags: ["tools"],
    summary: tool.title,
    description: `${tool.description} The key needs the permission \`${tool.permission}\`.`,
    ...(method === "POST" ? bodyOf(inputSchema) : queryOf(inputSchema)),
    responses: {
      200: { description: "The tool's result", content: json(outputSchema ?? { type: "object" }) },
      ...failures,
    },
  };
}

function bodyOf(inputSchema: Schema) {
  const { required = [] } = inputSchema as { required?: readonly string[] };
  return { requestBody: { required: required.length > 0, content: json(inputSchema) } };
}

function queryOf(inputSchema: Schema) {
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

const healthPaths = Object.fromEntries(
  (
    [
      [routes.health, "health", "That the process answers, and which version it has"],
      [routes.detailedHealth, "health_details", "How the server and its bridge are"],
      [routes.live, "live", "200 unless only a restart can help"],
      [routes.ready, "ready", "200 while new work is welcome, else 503"],
    ] as const
  ).map(([path, operationId, summary]) => [
    path,
    {
      get: {
        operationId,
        tags: ["health"],
        summary,
        security: [],
        responses: { 200: { description: summary, content: json({ type: "object" }) }, ...failures },
      },
    },
  ]),
);
