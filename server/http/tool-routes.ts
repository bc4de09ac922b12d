import type { FastifyInstance, FastifyRequest } from "fastify";
import { ServerError } from "../../contract/errors.ts";
import { routes } from "../../contract/routes.ts";
import type { Charge } from "../access/limits.ts";
import { noInteraction } from "../features/interaction.ts";
import { traceIdOf } from "../mcp/trace-context.ts";
import { asQueried } from "../tools/arguments.ts";
import type { AuditedCaller } from "../tools/audited-caller.ts";
import type { ToolRegistry } from "../tools/registry.ts";
import type { RestMethod, Tool } from "../tools/tool.ts";
import { listingOf } from "../tools/tool-listing.ts";
import { callerOf, originOf, toolRateHeaders } from "./authentication.ts";

type Call = FastifyRequest<{ Params: { name: string }; Querystring: Record<string, unknown> }>;

const methods: readonly RestMethod[] = ["POST", "GET", "DELETE"];

/**
 * GET /tools lists what the client may call; POST /tools/<name> calls it with the body, the query or both as arguments, and
 * GET and DELETE do, where the tool allows them.
 */
export function toolRoutes(app: FastifyInstance, caller: AuditedCaller, tools: ToolRegistry): void {
  app.get(routes.tools, async (request) => ({ tools: caller.list(callerOf(request).client).map(listingOf) }));
  for (const method of methods) {
    app.route({
      method,
      url: routes.tool,
      async handler(request: Call, reply) {
        const { name } = request.params;
        // A tool that nobody knows is told as such by the call.
        const tool = tools.get(name);
        if (tool?.rest.includes(method) === false) {
          throw new ServerError("METHOD_NOT_ALLOWED", { method, allow: tool.rest.join(", ") });
        }
        const args = argumentsOf(request, tool);
        const gone = new AbortController();
        reply.raw.once("close", () => gone.abort());
        const interaction = { ...noInteraction, signal: gone.signal };
        const common = { caller: callerOf(request), log: request.log, origin: originOf(request), interaction };
        const onCharge = (charge: Charge) => void reply.headers(toolRateHeaders(charge));
        const traceId = traceIdOf(request.headers.traceparent);
        const result = await caller.call({ name, args, onCharge, traceId, ...common });
        return "structured" in result ? result.structured : result;
      },
    });
  }
}

/** What stands in both is as the body says. */
function argumentsOf({ query, body }: Call, tool: Tool | undefined): unknown {
  const queried = tool === undefined ? {} : asQueried(tool.input, query);
  if (body === undefined || body === null) return queried;
  return typeof body === "object" && !Array.isArray(body) ? { ...queried, ...body } : body;
}
