import { ServerError } from "../../contract/errors.ts";
import { type Caller, type Origin, securityDetails } from "../access/access.ts";
import type { Client } from "../access/client.ts";
import type { Charge } from "../access/limits.ts";
import type { SecurityLog } from "../telemetry/security-log.ts";
import type { ToolRegistry } from "./registry.ts";
import { type Tool, type ToolResult, usualLimit } from "./tool.ts";
import type { ToolCall, ToolCaller } from "./tool-caller.ts";

/** A call with where it came from. */
type AuditedCall = Omit<ToolCall, "logger" | "tool" | "client" | "trace"> & {
  readonly caller: Caller;
  readonly name: string;
  readonly log: ToolCall["logger"];
  readonly origin: Origin;
  /** W3C trace id; undefined when the client did not tell one. */
  readonly traceId?: string | undefined;
  /** Is told how many calls of the tool are left. */
  readonly onCharge?: (charge: Charge) => void;
};

export type AuditedCaller = {
  list(client: Client): readonly Tool[];
  call(call: AuditedCall): Promise<ToolResult>;
};

/** Calls tools for clients on any transport. A call that the client may not make is a security event. */
export function auditedCaller(tools: ToolCaller, costs: ToolRegistry, security: SecurityLog): AuditedCaller {
  return {
    list: (client) => tools.list(client),
    async call({ name, caller, log, origin, traceId, onCharge, ...call }) {
      const { client } = caller;
      try {
        const tool = costs.get(name);
        if (tool !== undefined) charge(tool, caller, origin, onCharge);
        return await tools.call({ ...call, client, tool: name, logger: log, trace: traceOf(origin, traceId) });
      } catch (error) {
        if (error instanceof ServerError && error.code === "UNAUTHORIZED_TOOL") {
          security("authorization_failure", { ...securityDetails(origin), client: client.name, tool: name });
        }
        throw error;
      }
    },
  };
}

/** Throws RATE_LIMIT_EXCEEDED when there were too many calls of this tool, or of all. */
function charge(tool: Tool, caller: Caller, origin: Origin, onCharge: ((charge: Charge) => void) | undefined): void {
  const { name, cost, limit = usualLimit } = tool;
  const own = caller.chargeTool(origin, { name, limit });
  if (own !== undefined) onCharge?.(own);
  if (own?.refusal !== undefined) throw own.refusal;
  // One call was counted when the request came.
  const refusal = cost > 1 ? caller.charge(origin, cost - 1)?.refusal : undefined;
  if (refusal !== undefined) throw refusal;
}

/** What an event tells of the call that sent it. */
function traceOf({ requestId }: Origin, traceId: string | undefined): ToolCall["trace"] {
  if (requestId === "") return undefined;
  return { request_id: requestId.slice(0, 128), ...(traceId !== undefined && { trace_id: traceId }) };
}
