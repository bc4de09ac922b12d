import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ServerError } from "../../contract/errors.ts";
import { routes } from "../../contract/routes.ts";
import type { Client } from "../access/client.ts";
import type { ResourceContents } from "../features/content.ts";
import type { Catalogue } from "../mcp/catalogue.ts";
import { listingOfResource, listingOfTemplate } from "../resources/resource-listing.ts";
import { callerOf, originOf } from "./authentication.ts";

const SCHEME = "cctelegram://";

/**
 * GET /resources lists what the client may read, and GET /resources/cctelegram?resource=NAME reads it: what MCP reads as
 * `cctelegram://NAME`, in the same way.
 */
export function resourceRoutes(app: FastifyInstance, catalogueOf: (client: Client) => Catalogue): void {
  app.get(routes.resources, async (request) => {
    const catalogue = catalogueOf(callerOf(request).client);
    return {
      resources: catalogue.resources().map(listingOfResource),
      resourceTemplates: catalogue.resourceTemplates().map(listingOfTemplate),
    };
  });
  app.get(routes.resource, async (request, reply) => {
    const contents = await catalogueOf(callerOf(request).client).read(uriOf(request), originOf(request));
    return sendContents(reply, contents);
  });
}

/** The URI that is asked for, which may stand there as a whole. */
function uriOf({ query }: FastifyRequest): string {
  const { resource } = query as Record<string, unknown>;
  if (typeof resource !== "string" || resource === "") {
    const problem = "one is required, such as event-types; GET /resources lists them";
    const fields = [{ field: "resource", problem }];
    throw new ServerError("VALIDATION_ERROR", { problems: `resource: ${problem}`, fields });
  }
  return resource.startsWith(SCHEME) ? resource : `${SCHEME}${resource}`;
}

/** One thing is sent as it is; several stand in a list as MCP has them. */
function sendContents(reply: FastifyReply, contents: readonly ResourceContents[]): FastifyReply {
  const [only, ...others] = contents;
  if (only === undefined || others.length > 0) return reply.send({ contents });
  if ("text" in only) return reply.type(`${only.mimeType}; charset=utf-8`).send(only.text);
  return reply.type(only.mimeType).send(Buffer.from(only.blob, "base64"));
}
