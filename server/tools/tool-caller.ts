import type { ErrorCode } from "../../contract/error-catalogue.ts";
import { ServerError, toServerError } from "../../contract/errors.ts";
import { type Client, lacking, permits } from "../access/client.ts";
import { InputRequired, type Interaction, noInteraction } from "../features/interaction.ts";
import type { ServerMetrics } from "../telemetry/metrics.ts";
import type { ToolRegistry } from "./registry.ts";
import type { Tool, ToolContext, ToolResult } from "./tool.ts";

/** The levels at which calls are logged. */
type CallLogger = Readonly<Record<"debug" | "info" | "warn" | "error", (details: object, message?: string) => void>>;

/** One call of a tool, whichever transport it came by. */
export type ToolCall = {
  readonly tool: string;
  readonly args: unknown;
  readonly client: Client;
  /** Logger that knows the request. */
  readonly logger: CallLogger;
  /** What an event tells of the call; undefined: nothing. */
  readonly trace?: ToolContext["trace"];
  /** For callers that can be told and asked something. */
  readonly interaction?: Interaction;
};

export type ToolCaller = {
  /** The tools that this client may call, in the registry's order. */
  list(client: Client): readonly Tool[];
  /**
   * Checks, runs, counts and logs a call. Throws errors of the catalogue only: UNKNOWN_TOOL, or what `lacking` says, when the
   * client may not make this call.
   */
  call(call: ToolCall): Promise<ToolResult>;
};

export type ToolCallerOptions = Omit<ToolContext, "client" | "interaction" | "trace"> & {
  readonly tools: ToolRegistry;
  readonly metrics: ServerMetrics;
};

/** The one way by which every transport calls tools. */
export function createToolCaller(options: ToolCallerOptions): ToolCaller {
  const { tools, metrics, ...context } = options;
  const authorize = (name: string, client: Client): Tool => {
    const tool = tools.get(name);
    if (tool === undefined) throw new ServerError("UNKNOWN_TOOL", { tool: name.slice(0, 128) });
    if (!permits(client, tool.permission)) {
      const { permission } = tool;
      throw lacking(client, name, permission, { tool_name: name, required_permission: permission });
    }
    return tool;
  };
  return {
    list: (client) => [...tools.values()].filter(({ permission }) => permits(client, permission)),
    async call({ tool: name, args, client, logger, trace, interaction = noInteraction }) {
      const tool = authorize(name, client);
      const who = { tool: name, client: client.name, client_id: client.id };
      const stop = metrics.toolDuration.startTimer({ tool: name });
      metrics.callsInFlight.inc();
      try {
        const result = await tool.call(args, { ...context, client, interaction, trace });
        const duration_ms = finish("success");
        // The audit trail: the one line that ties a message to the key that sent it.
        logger.info({ ...who, ...eventIn(result), duration_ms }, "tool called");
        return result;
      } catch (thrown) {
        if (thrown instanceof InputRequired) {
          finish("input_required");
          throw thrown;
        }
        const error = toServerError(thrown);
        const duration_ms = finish(error.entry.metricLabel);
        logger[error.entry.logLevel]({ ...who, ...failure(error), duration_ms }, "tool call failed");
        throw error;
      } finally {
        metrics.callsInFlight.dec();
      }
      /** Milliseconds since the call began. */
      function finish(outcome: string): number {
        metrics.toolCalls.inc({ tool: name, outcome });
        return Math.round(stop() * 1000 * 100) / 100;
      }
    },
  };
}

/** Details of rejected input may quote what a person wrote, so only the fields' names are logged. */
function failure(error: ServerError): Record<string, unknown> {
  const quiet: ReadonlySet<ErrorCode> = new Set(["VALIDATION_ERROR"]);
  return quiet.has(error.code) ? { code: error.code } : { code: error.code, err: error.cause ?? error };
}

function eventIn(result: ToolResult): Record<string, unknown> {
  const { event_id } = "structured" in result ? result.structured : {};
  return event_id === undefined ? {} : { event_id };
}
