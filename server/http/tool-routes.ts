import type { FastifyInstance } from "fastify";
import { routes } from "../../contract/routes.ts";
import { listingOf } from "../tools/tool-listing.ts";
import { auditedCall, type CallOptions } from "./audited-call.ts";
import { clientOf } from "./client.ts";

/** GET /tools lists what the client may call; POST /tools/<name> calls it with the body as arguments. */
export function toolRoutes(app: FastifyInstance, options: CallOptions): void {
  app.get(routes.tools, async (request) => ({ tools: options.tools.list(clientOf(request)).map(listingOf) }));
  app.post<{ Params: { name: string } }>(routes.tool, (request) =>
    auditedCall(request, { tool: request.params.name, args: request.body }, options),
  );
}
