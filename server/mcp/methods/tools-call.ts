import * as z from "zod";
import { defineMethod } from "../define-method.ts";
import { toolResult } from "../tool-result.ts";

export const toolsCall = defineMethod({
  name: "tools/call",
  eras: ["handshake", "stateless"],
  params: z.object({ name: z.string(), arguments: z.unknown().optional() }),
  // Tools tell clients what they do (interaction.ts); later revisions have no logging/setLevel to declare it by.
  capabilities: { logging: {} },
  handle: ({ name, arguments: args }, { catalogue, interaction, log, origin }) =>
    catalogue.call({ name, args, interaction, log, origin }).then(toolResult),
});
