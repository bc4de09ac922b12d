import type { FastifyInstance } from "fastify";
import { ServerError } from "../errors.ts";
import type { SecurityLog } from "../telemetry/security-log.ts";
import type { ToolCaller } from "../tools/tool-caller.ts";
import { listingOf } from "../tools/tool-listing.ts";
import { callerOf } from "./caller.ts";
import { origin } from "./guard.ts";

/** GET /tools lists what the caller may call; POST /tools/<name> calls it with the body as arguments. */
export function toolRoutes(app: FastifyInstance, tools: ToolCaller, security: SecurityLog): void {
  app.get("/tools", async (request) => ({ tools: tools.list(callerOf(request)).map(listingOf) }));
  app.post<{ Params: { name: string } }>("/tools/:name", async (request) => {
    const caller = callerOf(request);
    const tool = request.params.name;
    try {
      return await tools.call({ tool, args: request.body, caller, logger: request.log });
    } catch (error) {
      if (error instanceof ServerError && error.code === "UNAUTHORIZED_TOOL") {
        security("authorization_failure", { ...origin(request), client: caller.name, tool });
      }
      throw error;
    }
  });
}
