import { ServerError } from "../../contract/errors.ts";
import { type Caller, type Origin, securityDetails } from "../access/access.ts";
import type { Client } from "../access/client.ts";
import type { SecurityLog } from "../telemetry/security-log.ts";
import type { ToolRegistry } from "./registry.ts";
import type { Tool, ToolResult } from "./tool.ts";
import type { ToolCall, ToolCaller } from "./tool-caller.ts";

/** A call with where it came from. */
type AuditedCall = Omit<ToolCall, "logger" | "tool" | "client"> & {
  readonly caller: Caller;
  readonly name: string;
  readonly log: ToolCall["logger"];
  readonly origin: Origin;
};

export type AuditedCaller = {
  list(client: Client): readonly Tool[];
  call(call: AuditedCall): Promise<ToolResult>;
};

/** Calls tools for clients on any transport. A call that the client may not make is a security event. */
export function auditedCaller(tools: ToolCaller, costs: ToolRegistry, security: SecurityLog): AuditedCaller {
  return {
    list: (client) => tools.list(client),
    async call({ name, caller, log, origin, ...call }) {
      const { client } = caller;
      try {
        // One call was counted when the request came.
        const further = (costs.get(name)?.cost ?? 1) - 1;
        const refusal = further > 0 ? caller.charge(origin, further)?.refusal : undefined;
        if (refusal !== undefined) throw refusal;
        return await tools.call({ ...call, client, tool: name, logger: log });
      } catch (error) {
        if (error instanceof ServerError && error.code === "UNAUTHORIZED_TOOL") {
          security("authorization_failure", { ...securityDetails(origin), client: client.name, tool: name });
        }
        throw error;
      }
    },
  };
}
