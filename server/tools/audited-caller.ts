import { ServerError } from "../../contract/errors.ts";
import { type Origin, securityDetails } from "../access/access.ts";
import type { Client } from "../access/client.ts";
import type { SecurityLog } from "../telemetry/security-log.ts";
import type { Tool, ToolResult } from "./tool.ts";
import type { ToolCall, ToolCaller } from "./tool-caller.ts";

/** A call with where it came from. */
type AuditedCall = Omit<ToolCall, "logger" | "tool"> & {
  readonly name: string;
  readonly log: ToolCall["logger"];
  readonly origin: Origin;
};

export type AuditedCaller = {
  list(client: Client): readonly Tool[];
  call(call: AuditedCall): Promise<ToolResult>;
};

/** Calls tools for clients on any transport. A call that the client may not make is a security event. */
export function auditedCaller(tools: ToolCaller, security: SecurityLog): AuditedCaller {
  return {
    list: (client) => tools.list(client),
    async call({ name, log, origin, ...call }) {
      try {
        return await tools.call({ ...call, tool: name, logger: log });
      } catch (error) {
        if (error instanceof ServerError && error.code === "UNAUTHORIZED_TOOL") {
          security("authorization_failure", { ...securityDetails(origin), client: call.client.name, tool: name });
        }
        throw error;
      }
    },
  };
}
