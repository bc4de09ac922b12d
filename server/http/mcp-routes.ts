import type { FastifyInstance, FastifyRequest } from "fastify";
import { ServerError } from "../errors.ts";
import { answer } from "../mcp/answer.ts";
import type { SecurityLog } from "../telemetry/security-log.ts";
import type { Caller, ToolCaller } from "../tools/tool-caller.ts";
import { callerOf } from "./caller.ts";
import { origin } from "./guard.ts";
import { type OriginRules, originAllowed } from "./origin.ts";

export type McpRoutesOptions = {
  readonly tools: ToolCaller;
  readonly version: string;
  readonly security: SecurityLog;
};

/** POST /mcp: MCP over streamable HTTP. */
export function mcpRoutes(app: FastifyInstance, { tools, version, security }: McpRoutesOptions): void {
  app.post("/mcp", async (request, reply) => {
    const caller = callerOf(request);
    authorizeCall(request, caller, tools, security);
    const response = await answer(request, { tools, caller, version, logger: request.log });
    reply.code(response.status).headers(Object.fromEntries(response.headers));
    return reply.send(response.body === null ? undefined : await response.text());
  });
}

/** A hook that refuses requests of foreign web pages, before anything else is told to them. */
export function originCheck(rules: OriginRules, security: SecurityLog) {
  return async (request: FastifyRequest): Promise<void> => {
    if (originAllowed(request.headers.origin, request.headers.host, rules)) return;
    security("authorization_failure", { ...origin(request), reason: "foreign origin" });
    throw new ServerError("FORBIDDEN_ORIGIN");
  };
}

/** A call of a forbidden tool is answered with HTTP 403 and not only in the protocol: proxies and logs see it then. */
function authorizeCall(request: FastifyRequest, caller: Caller, tools: ToolCaller, security: SecurityLog): void {
  // MCP 2025-06-18 removed batches; one request is one call, for the rate limit too.
  if (Array.isArray(request.body)) {
    throw new ServerError("INVALID_REQUEST", { reason: "batches are not supported; send one message a request" });
  }
  const name = calledTool(request.body);
  if (name === undefined) return;
  try {
    tools.authorize(name, caller);
  } catch (error) {
    if (!(error instanceof ServerError) || error.code !== "UNAUTHORIZED_TOOL") return;
    security("authorization_failure", { ...origin(request), client: caller.name, tool: name });
    throw error;
  }
}

function calledTool(body: unknown): string | undefined {
  const { method, params } = Object(body) as { method?: unknown; params?: { name?: unknown } };
  const name = method === "tools/call" ? params?.name : undefined;
  return typeof name === "string" ? name : undefined;
}
