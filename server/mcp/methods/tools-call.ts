import * as z from "zod";
import { traceOf } from "../../telemetry/trace.ts";
import { defineMethod } from "../define-method.ts";
import { toolResult } from "../tool-result.ts";
import { traced } from "../trace-context.ts";

export const toolsCall = defineMethod({
  name: "tools/call",
  eras: ["handshake", "stateless"],
  params: z.object({
    name: z.string(),
    arguments: z.unknown().optional(),
    _meta: z.object({ traceparent: z.unknown().optional() }).optional(),
  }),
  // Tools tell clients what they do (interaction.ts); later revisions have no logging/setLevel to declare it by.
  capabilities: { logging: {} },
  handle({ name, arguments: args, _meta: meta }, { catalogue, caller, interaction, log, origin: came }) {
    // MCP 2026-07-28, OpenTelemetry trace context: the message knows better than the request that brought it.
    const trace = traceOf(meta?.traceparent) ?? came.trace;
    const origin = trace === undefined ? came : { ...came, trace };
    return catalogue.call({ name, args, caller, interaction, log: traced(log, trace), origin }).then(toolResult);
  },
});
