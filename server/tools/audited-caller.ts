import { ServerError } from "../../contract/errors.ts";
import { auditDetails, type Caller, type Origin, securityDetails } from "../access/access.ts";
import { type Client, isLacking } from "../access/client.ts";
import type { Charge } from "../access/limits.ts";
import { InputRequired } from "../features/interaction.ts";
import type { Audit } from "../telemetry/audit.ts";
import type { AuditSubject } from "../telemetry/audit-record.ts";
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
  /** Is told how many calls of the tool are left. */
  readonly onCharge?: (charge: Charge) => void;
};

export type AuditedCaller = {
  list(client: Client): readonly Tool[];
  call(call: AuditedCall): Promise<ToolResult>;
};

export type AuditedCallerOptions = {
  readonly tools: ToolCaller;
  /** What calls cost. */
  readonly costs: ToolRegistry;
  readonly security: SecurityLog;
  readonly audit: Audit;
};

/** Calls tools for clients on any transport, and writes down what came of it. A call that the client may not make is a security event. */
export function auditedCaller({ tools, costs, security, audit }: AuditedCallerOptions): AuditedCaller {
  const call = async ({ name, caller, log, origin, onCharge, ...call }: AuditedCall): Promise<ToolResult> => {
    const { client } = caller;
    try {
      const tool = costs.get(name);
      if (tool !== undefined) charge(tool, caller, origin, onCharge);
      return await tools.call({ ...call, client, tool: name, logger: log, trace: eventTraceOf(origin) });
    } catch (error) {
      if (error instanceof ServerError && isLacking(error)) {
        security("authorization_failure", { ...securityDetails(origin), client: client.name, tool: name });
      }
      throw error;
    }
  };
  const subjectOf = ({ name, caller: { client }, origin, args }: AuditedCall): AuditSubject => {
    const who = { client: client.name, client_id: client.id, ...auditDetails(origin) };
    // A name that nobody knows is what a client has made up: of that nothing is written down.
    return { decision: "tool_call", ...(costs.has(name) && { tool: name }), ...who, ...audit.content(args) };
  };
  return {
    list: (client) => tools.list(client),
    call: (asked) => audit.follow(subjectOf(asked), () => call(asked), { found: idsIn, isWaiting }),
  };
}

const isWaiting = (thrown: unknown): boolean => thrown instanceof InputRequired;

/** What the call made. */
function idsIn(result: ToolResult) {
  const { event_id, approval_id } = "structured" in result ? result.structured : {};
  return {
    ...(typeof event_id === "string" && { event_id }),
    ...(typeof approval_id === "string" && { approval_id }),
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
function eventTraceOf({ requestId, trace }: Origin): ToolCall["trace"] {
  if (requestId === "") return undefined;
  return { request_id: requestId.slice(0, 128), ...(trace && { trace_id: trace.trace_id }) };
}
