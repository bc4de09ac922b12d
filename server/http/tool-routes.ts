import type { FastifyInstance, FastifyRequest } from "fastify";
import { ServerError } from "../../contract/errors.ts";
import { routes } from "../../contract/routes.ts";
import type { AuditedCaller } from "../tools/audited-caller.ts";
import type { ToolRegistry } from "../tools/registry.ts";
import { listingOf } from "../tools/tool-listing.ts";
import { callerOf, originOf } from "./authentication.ts";

type Call = FastifyRequest<{ Params: { name: string }; Querystring: Record<string, unknown> }>;

/**
 * GET /tools lists what the client may call; POST /tools/<name> calls it with the body as arguments, and GET with those of
 * the query, where the tool allows it.
 */
export function toolRoutes(app: FastifyInstance, caller: AuditedCaller, tools: ToolRegistry): void {
  const call = async (request: Call, args: unknown) => {
    const result = await caller.call({
      name: request.params.name,
      args,
      caller: callerOf(request),
      log: request.log,
      origin: originOf(request),
    });
    return "structured" in result ? result.structured : result;
  };
  app.get(routes.tools, async (request) => ({ tools: caller.list(callerOf(request).client).map(listingOf) }));
  app.post(routes.tool, (request: Call) => call(request, request.body));
  app.get(routes.tool, async (request: Call) => {
    const { name } = request.params;
    // A tool that nobody knows is told as such by the call.
    if (tools.get(name)?.rest.includes("GET") === false) {
      throw new ServerError("METHOD_NOT_ALLOWED", { method: "GET", allow: "POST" });
    }
    return call(request, request.query);
  });
}
