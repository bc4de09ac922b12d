import * as z from "zod";
import { defineMethod } from "../define-method.ts";
import { toolResult } from "../tool-result.ts";

export const toolsCall = defineMethod({
  name: "tools/call",
  eras: ["handshake", "stateless"],
  params: z.object({ name: z.string(), arguments: z.unknown().optional() }),
  handle: ({ name, arguments: args }, { catalogue, interaction, log, origin }) =>
    catalogue.call({ name, args, interaction, log, origin }).then(toolResult),
});
