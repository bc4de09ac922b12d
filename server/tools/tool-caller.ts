import { type ErrorCode, ServerError, toServerError } from "../errors.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { ServerMetrics } from "../telemetry/metrics.ts";
import type { ToolRegistry } from "./registry.ts";
import type { Tool, ToolContext, ToolResult } from "./tool.ts";

/** Who calls: the name is for people, the permissions are tool names, or "*" for all. */
export type Caller = { readonly name: string; readonly permissions: ReadonlySet<string> };

/** The levels at which calls are logged. */
export type CallLogger = Pick<Logger, "debug" | "info" | "warn" | "error">;

/** One call of a tool, whichever transport it came by. */
export type ToolCall = {
  readonly tool: string;
  readonly args: unknown;
  readonly caller: Caller;
  /** Logger that knows the request. */
  readonly logger: CallLogger;
};

export type ToolCaller = {
  /** The tools that this caller may call, in the registry's order. */
  list(caller: Caller): readonly Tool[];
  /** Throws UNKNOWN_TOOL or UNAUTHORIZED_TOOL when the caller may not make this call. */
  authorize(tool: string, caller: Caller): Tool;
  /** Checks, runs, counts and logs a call. Throws errors of the catalogue only. */
  call(call: ToolCall): Promise<ToolResult>;
};

export type ToolCallerOptions = Omit<ToolContext, "client"> & {
  readonly tools: ToolRegistry;
  readonly metrics: ServerMetrics;
};

/** The one way by which every transport calls tools. */
export function createToolCaller(options: ToolCallerOptions): ToolCaller {
  const { tools, metrics, ...context } = options;
  const authorize = (name: string, caller: Caller): Tool => {
    const tool = tools.get(name);
    if (tool === undefined) throw new ServerError("UNKNOWN_TOOL", { tool: name.slice(0, 128) });
    if (!mayCall(caller, name)) throw new ServerError("UNAUTHORIZED_TOOL", { tool: name, client: caller.name });
    return tool;
  };
  return {
    list: (caller) => [...tools.values()].filter(({ name }) => mayCall(caller, name)),
    authorize,
    async call({ tool: name, args, caller, logger }) {
      const tool = authorize(name, caller);
      const stop = metrics.toolDuration.startTimer({ tool: name });
      try {
        const result = await tool.call(args, { ...context, client: caller });
        finish("success");
        return result;
      } catch (thrown) {
        const error = toServerError(thrown);
        finish(error.entry.metricLabel);
        logger[error.entry.logLevel](failure(name, error), "tool call failed");
        throw error;
      }
      function finish(outcome: string): void {
        metrics.toolCalls.inc({ tool: name, outcome });
        stop();
      }
    },
  };
}

function mayCall({ permissions }: Caller, tool: string): boolean {
  return permissions.has(tool) || permissions.has("*");
}

/** Details of rejected input may quote what a person wrote, so only the fields' names are logged. */
function failure(tool: string, error: ServerError): Record<string, unknown> {
  const quiet: ReadonlySet<ErrorCode> = new Set(["VALIDATION_ERROR"]);
  return quiet.has(error.code) ? { tool, code: error.code } : { tool, code: error.code, err: error.cause ?? error };
}
