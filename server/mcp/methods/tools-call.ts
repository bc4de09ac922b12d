import * as z from "zod";
import { defineMethod } from "../define-method.ts";
import { toolResult } from "../tool-result.ts";
import { traced, traceIdOf } from "../trace-context.ts";

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
  handle: ({ name, arguments: args, _meta: meta }, { catalogue, caller, interaction, log, origin }) =>
    catalogue
      .call({
        ...{ name, args, caller, interaction, origin },
        log: traced(log, meta?.traceparent),
        traceId: traceIdOf(meta?.traceparent),
      })
      .then(toolResult),
});
