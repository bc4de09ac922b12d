import * as z from "zod";
import { defineMethod } from "../define-method.ts";

/** Values in one answer (MCP, Completion). */
const most = 100;

export const completionComplete = defineMethod({
  name: "completion/complete",
  eras: ["handshake", "stateless"],
  params: z.object({
    ref: z.discriminatedUnion("type", [
      z.object({ type: z.literal("ref/prompt"), name: z.string() }),
      z.object({ type: z.literal("ref/resource"), uri: z.string() }),
    ]),
    argument: z.object({ name: z.string(), value: z.string() }),
  }),
  capabilities: { completions: {} },
  async handle({ ref, argument }, { catalogue }) {
    const values = await catalogue.complete(ref, argument.name, argument.value);
    return { completion: { values: values.slice(0, most), total: values.length, hasMore: values.length > most } };
  },
});
