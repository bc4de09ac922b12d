import type { FastifyInstance } from "fastify";
import { routes } from "../../contract/routes.ts";
import { listingOf } from "../tools/tool-listing.ts";
import { auditedCall, type CallOptions } from "./audited-call.ts";
import { callerOf } from "./caller.ts";

/** GET /tools lists what the caller may call; POST /tools/<name> calls it with the body as arguments. */
export function toolRoutes(app: FastifyInstance, options: CallOptions): void {
  app.get(routes.tools, async (request) => ({ tools: options.tools.list(callerOf(request)).map(listingOf) }));
  app.post<{ Params: { name: string } }>(routes.tool, (request) =>
    auditedCall(request, { tool: request.params.name, args: request.body }, options),
  );
}
