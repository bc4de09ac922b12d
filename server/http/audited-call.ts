import type { FastifyRequest } from "fastify";
import { ServerError } from "../../contract/errors.ts";
import type { SecurityLog } from "../telemetry/security-log.ts";
import type { ToolResult } from "../tools/tool.ts";
import type { ToolCaller } from "../tools/tool-caller.ts";
import { clientOf } from "./client.ts";
import { securityDetails } from "./guard.ts";

export type CallOptions = { readonly tools: ToolCaller; readonly security: SecurityLog };

/** Calls a tool for the client of a request. A call that the client may not make is a security event. */
export async function auditedCall(
  request: FastifyRequest,
  { tool, args }: { readonly tool: string; readonly args: unknown },
  { tools, security }: CallOptions,
): Promise<ToolResult> {
  const client = clientOf(request);
  try {
    return await tools.call({ tool, args, client, logger: request.log });
  } catch (error) {
    if (error instanceof ServerError && error.code === "UNAUTHORIZED_TOOL") {
      security("authorization_failure", { ...securityDetails(request), client: client.name, tool });
    }
    throw error;
  }
}
