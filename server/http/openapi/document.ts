import { routes } from "../../../contract/routes.ts";
import type { Features } from "../../features/features.ts";
import { type Errors, errorResponses, errorSchema } from "./answers.ts";
import { approvalPaths } from "./approval-paths.ts";
import { healthPaths, selfPaths } from "./open-paths.ts";
import { resourcePaths } from "./resource-paths.ts";
import { toolPaths } from "./tool-paths.ts";

export type OpenApiSource = {
  readonly version: string;
  readonly features: Pick<Features, "tools" | "resources" | "resourceTemplates">;
  readonly errors: Errors;
};

/**
 * What the server answers over REST, as OpenAPI 3.1. It is the same for each deployment of a version: it tells nothing that
 * is not in the sources, and its server is where the document itself was read, so that it is right below any base path.
 */
function openApiDocument({ version, features, errors }: OpenApiSource) {
  return {
    openapi: "3.1.1",
    info: {
      title: "CCTelegram",
      version,
      description: `Sends messages to people on Telegram. The same tools are there over MCP, on ${routes.mcp}. In the body of a tool, null for an optional field counts as left out, and fields that it does not know are dropped.`,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: ".", description: "The server that this document came from" }],
    security: [{ apiKey: [] }, { bearer: [] }],
    tags: [
      { name: "tools", description: "A key may call the tools that its permissions name" },
      { name: "resources", description: "States that can be read, as over MCP" },
      { name: "approvals", description: "What people are asked to decide" },
      { name: "health", description: "For probes and people; no key is needed" },
      { name: "description", description: "This document and the page that shows it; no key is needed" },
    ],
    paths: {
      ...toolPaths([...features.tools.values()]),
      ...resourcePaths(features),
      ...approvalPaths,
      ...healthPaths,
      ...selfPaths,
    },
    components: {
      securitySchemes: {
        apiKey: { type: "apiKey", in: "header", name: "X-API-Key" },
        bearer: { type: "http", scheme: "bearer" },
      },
      schemas: { Error: errorSchema(errors) },
      responses: errorResponses(errors),
    },
  };
}

/** The document as it is sent, and as it stands in docs/reference. */
export function openApiText(source: OpenApiSource): string {
  return `${JSON.stringify(openApiDocument(source), null, 2)}\n`;
}
